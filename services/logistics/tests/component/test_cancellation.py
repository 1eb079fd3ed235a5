"""Cancelled briefs and orders against goods that wait, and goods that have left."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.brief import BriefCancellationRevoked
from optima_contracts.production import JobCompleted, OrderCancelled
from optima_kit.refusals import NotYet
from optima_kit.testing import eventually

from ..conftest import Depot

REFUSED = "optima.logistics.cancellation_refused.v1"
CANCELLED = "optima.logistics.shipment_cancelled.v1"


async def someone_waits(depot: Depot) -> None:
    """Until a session waits for another's lock."""

    async def waiting() -> bool:
        rows = await depot.database.fetch(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(rows)

    await eventually(waiting, describe="a transaction waits for the order's lock")


async def test_open_shipments_end_and_their_goods_are_free(depot: Depot) -> None:
    order = await depot.stocked_order()
    draft, picked = await depot.draft(order, "30"), await depot.picked(order, "40")
    await depot.cancel_brief(order.brief_id)
    events = await depot.database.published(CANCELLED)
    assert {str(event.subject) for event in events} == {draft["id"], picked["id"]}
    assert {event.correlationid for event in events} == {order.brief_id}
    assert (await depot.stock())[str(order.jobs[0])] == ("100", "0", "100")
    for path, body in (
        ("/v1/shipments", depot.shipment_body(order, "1")),
        ("/v1/receipts", {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "1"}),
    ):
        response, problem = await depot.client.post(path, body)
        assert (response.status, problem["code"]) == (409, "order_cancelled")
    await depot.cancel_brief(order.brief_id)
    assert len(await depot.database.published(CANCELLED)) == 2, "a duplicate tells nothing new"


@pytest.mark.parametrize("until", ["issuance", "departure", "delivery"])
async def test_goods_that_left_refuse_the_cancellation_and_nothing_changes(depot: Depot, until: str) -> None:
    order = await depot.stocked_order()
    out, waiting = await depot.picked(order, "30"), await depot.draft(order, "40")
    for step in ("issuance", "departure", "delivery"):
        await depot.act(out, step, **({"received_by": "Carla"} if step == "delivery" else {}))
        if step == until:
            break
    await depot.cancel_brief(order.brief_id)
    (refused,) = await depot.database.published(REFUSED)
    assert (refused.subject, refused.correlationid) == (order.order_id, order.brief_id)
    assert "1/2026" in refused.data["reason"]
    assert (await depot.stock())[str(order.jobs[0])] == ("70", "40", "30")
    await depot.act(waiting, "picking")


@pytest.mark.parametrize("how", ["voiding", "refusal"])
async def test_goods_that_came_back_no_longer_stand_in_the_way(depot: Depot, how: str) -> None:
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "30")
    await depot.act(shipment, "issuance")
    if how == "refusal":
        await depot.act(shipment, "departure")
    await depot.act(shipment, how, reason="Errore", **({"reissue": True} if how == "voiding" else {}))
    await depot.cancel_brief(order.brief_id)
    assert await depot.database.published(REFUSED) == []
    _, read = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert read["cancelled_because"] == "Campagna sospesa"


async def test_the_issue_that_locks_first_wins(depot: Depot) -> None:
    """The cancellation arrives while the document is being issued: it waits, and is then refused."""
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "30")
    async with depot.app.database.transaction(depot.tenant_id) as holding:
        # Stands for the issuing transaction between its first statement and its commit.
        await holding.connection.execute("SELECT FROM ddt_series FOR UPDATE")
        await holding.connection.execute(
            "INSERT INTO ddt_series (year, series, last_progressive) VALUES (2026, '', 0)"
        )
        issuing = asyncio.create_task(depot.attempt(shipment, "issuance"))
        await someone_waits(depot)
        cancelling = asyncio.create_task(depot.cancel_brief(order.brief_id))

        async def both_wait() -> bool:
            rows = await depot.database.fetch(
                "SELECT 1 FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return len(rows) == 2

        await eventually(both_wait, describe="issue waits for the series, cancellation for the order")
    response, issued = await issuing
    await cancelling
    assert (response.status, issued["ddt"]["number"]) == (200, "1/2026")
    assert len(await depot.database.published(REFUSED)) == 1
    assert await depot.database.published(CANCELLED) == []


async def test_the_cancellation_that_locks_first_wins(depot: Depot) -> None:
    """The document is asked for while the cancellation is being handled: it waits, and is then refused."""
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "30")
    async with depot.app.database.transaction(depot.tenant_id) as holding:
        await holding.connection.execute(
            "SELECT FROM shipments WHERE shipment_id = $1 FOR UPDATE", shipment["id"]
        )
        cancelling = asyncio.create_task(depot.cancel_brief(order.brief_id))
        await someone_waits(depot)
        issuing = asyncio.create_task(depot.attempt(shipment, "issuance"))

        async def both_wait() -> bool:
            rows = await depot.database.fetch(
                "SELECT 1 FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return len(rows) == 2

        await eventually(both_wait, describe="cancellation waits for the shipment, issue for the order")
    await cancelling
    response, problem = await issuing
    assert (response.status, problem["code"]) == (409, "shipment_not_picked")
    assert await depot.database.published(REFUSED) == []
    assert await depot.database.fetch("SELECT 1 FROM ddts") == []


async def test_an_order_of_a_cancelled_brief_is_born_cancelled(depot: Depot) -> None:
    brief_id = uuid4()
    await depot.cancel_brief(brief_id)
    order = await depot.confirm_order(brief_id=brief_id)
    _, read = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert read["cancelled_because"] == "Campagna sospesa"


async def test_a_revoked_cancellation_lets_the_order_go_on(depot: Depot) -> None:
    brief_id = uuid4()
    await depot.cancel_brief(brief_id)
    order = await depot.confirm_order(brief_id=brief_id)
    revoked = BriefCancellationRevoked(brief_id=brief_id, reason="Merce già uscita")
    for _ in range(2):
        await depot.deliver(revoked, subject=brief_id)
    await depot.receive(order.jobs[0])
    assert (await depot.draft(order, "10"))["state"] == "draft"


def order_cancelled(order: Any) -> OrderCancelled:
    return OrderCancelled(order_id=order.order_id, brief_id=order.brief_id, reason="Sospeso")


async def test_production_may_give_up_an_order(depot: Depot) -> None:
    order = await depot.stocked_order()
    await depot.draft(order, "30")
    for _ in range(2):
        await depot.deliver(order_cancelled(order), subject=order.order_id)
    assert len(await depot.database.published(CANCELLED)) == 1


async def test_one_cancellation_is_refused_once_however_it_comes(depot: Depot) -> None:
    order = await depot.stocked_order()
    await depot.act(await depot.picked(order, "30"), "issuance")
    await depot.cancel_brief(order.brief_id)
    await depot.deliver(order_cancelled(order), subject=order.order_id)
    assert len(await depot.database.published(REFUSED)) == 1
    await depot.deliver(
        BriefCancellationRevoked(brief_id=order.brief_id, reason="Merce già uscita"), subject=order.brief_id
    )
    await depot.deliver(order_cancelled(order), subject=order.order_id)
    assert len(await depot.database.published(REFUSED)) == 2, "production's own cancellation is answered too"


async def test_what_builds_on_an_unknown_order_waits(depot: Depot) -> None:
    stranger = uuid4()
    for event in (
        JobCompleted(job_id=uuid4(), order_id=stranger, brief_id=None, quantity="1", unit="pz"),
        OrderCancelled(order_id=stranger, brief_id=None, reason="x"),
    ):
        with pytest.raises(NotYet):
            await depot.deliver(event, subject=stranger)


async def test_an_order_confirmed_twice_is_there_once(depot: Depot) -> None:
    order = await depot.stocked_order()
    rows = await depot.database.fetch("SELECT envelope FROM outbox")
    from optima_contracts.production import OrderConfirmed

    again = OrderConfirmed(
        order_id=order.order_id,
        number="O-2026-9999",
        brief_id=order.brief_id,
        customer=None,
        deadline="2027-01-31",  # type: ignore[arg-type]
        lines=[],
    )
    await depot.deliver(again, subject=order.order_id)
    _, read = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert (read["number"], len(read["lines"])) == ("O-2026-0001", 1)
    assert len(rows) == len(await depot.database.fetch("SELECT envelope FROM outbox"))
