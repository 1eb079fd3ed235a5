"""Goods of a phase go to the company that does it, under a DDT in conto lavorazione, and come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.production import PhaseOutsourced
from optima_kit.refusals import NotYet

from ..conftest import DESTINATION, Depot, Order

PHASE = UUID(int=77)


def outsourced(order: Order, **changes: Any) -> PhaseOutsourced:
    facts: dict[str, Any] = {
        "job_id": order.jobs[0],
        "order_id": order.order_id,
        "brief_id": order.brief_id,
        "phase_id": PHASE,
        "phase": "plastifica",
        "description": "Espositore: Plastificazione",
        "unit": "fogli",
        "finisher": "FIN-01",
        "open": True,
        "quantity": "100",
    }
    return PhaseOutsourced(**facts | changes)


@pytest.fixture
async def order(depot: Depot) -> Order:
    """Nothing of it is made yet; its second phase is done by FIN-01."""
    response, problem = await depot.client.put("/v1/destinations/FIN-01", DESTINATION)
    assert response.status == 200, problem
    order = await depot.confirm_order(completed=False)
    await depot.deliver(outsourced(order), subject=PHASE, sequence=1)
    return order


def body(order: Order, quantity: str, **changes: Any) -> dict[str, Any]:
    return {
        "document_type": "conto-lavorazione",
        "destination": "FIN-01",
        "lines": [{"job_id": str(PHASE), "quantity": quantity}],
        **changes,
    }


async def line_of(depot: Depot, order: Order) -> dict[str, Any]:
    _, seen = await depot.client.get(f"/v1/orders/{order.order_id}")
    found: dict[str, Any] = next(each for each in seen["lines"] if each["job_id"] == str(PHASE))
    return found


async def with_others(depot: Depot) -> list[tuple[str, str]]:
    _, page = await depot.client.get("/v1/goods-with-third-parties")
    return [(row["destination"]["code"], row["quantity"]) for row in page["items"]]


async def test_goods_go_out_past_the_ledger_and_come_back(depot: Depot, order: Order) -> None:
    line = await line_of(depot, order)
    assert (line["finisher"]["code"], line["may_go_out"], line["actions"]) == ("FIN-01", "100", ["send_out"])
    shipment = await depot.picked(order, **body(order, "60"))
    assert (await line_of(depot, order))["may_go_out"] == "40"
    for action, more in (("issuance", {}), ("departure", {}), ("delivery", {"received_by": "Neri"})):
        shipment = await depot.act(shipment, action, **more)
    assert shipment["lines"][0]["unit"] == "fogli"
    assert await with_others(depot) == [("FIN-01", "60")]
    back = {
        "document_type": "reso-da-conto-lavorazione",
        "warehouse": "BO1",
        "reason": "Lavorati",
        "lines": [{"job_id": str(PHASE), "quantity": "50", "disposition": "stock"}],
    }
    await depot.act(shipment, "returns", **back)
    scrap = [{"job_id": str(PHASE), "quantity": "4", "disposition": "scrap"}]
    await depot.act(shipment, "returns", **back | {"lines": scrap})
    assert await with_others(depot) == [("FIN-01", "6")]
    assert await depot.stock() == {}
    assert not await depot.database.published("optima.logistics.stock_adjusted.v1")
    told = await depot.database.published("optima.logistics.goods_returned.v1")
    assert [event.data["lines"][0]["job_id"] for event in told] == [str(PHASE)] * 2
    assert (await line_of(depot, order))["may_go_out"] == "40"  # what was worked on does not go again


NOT_OUTSIDE: list[tuple[Any, ...]] = [
    ({"document_type": "vendita"}, "document_type_not_for_work"),
    ({"document_type": "trasferimento-tra-depositi", "destination": "BO1"}, "destination_is_origin"),
    ({"destination": "MI-DUOMO"}, "destination_not_ordered"),
    ({"lines": [{"job_id": str(PHASE), "quantity": "100.001"}]}, "quantity_beyond_remaining"),
]


async def test_goods_in_process_leave_for_their_finisher_alone(depot: Depot, order: Order) -> None:
    for changes, code in NOT_OUTSIDE:
        sent = depot.shipment_body(order, **body(order, "60") | changes)
        response, problem = await depot.client.post("/v1/shipments", sent)
        assert (response.status in (409, 422), problem["code"]) == (True, code), problem


async def test_nothing_more_goes_out_once_the_work_has_ended(depot: Depot, order: Order) -> None:
    picked = await depot.picked(order, **body(order, "60"))
    await depot.deliver(outsourced(order, open=False), subject=PHASE, sequence=2)
    response, problem = await depot.attempt(picked, "issuance")
    assert (response.status, problem["code"]) == (409, "line_closed")
    _, problem = await depot.client.post("/v1/shipments", depot.shipment_body(order, **body(order, "10")))
    assert problem["code"] == "line_closed"
    assert (await line_of(depot, order))["actions"] == []


async def test_a_draft_for_the_finisher_before_is_not_issued(depot: Depot, order: Order) -> None:
    picked = await depot.picked(order, **body(order, "60"))
    await depot.deliver(outsourced(order, finisher="MI-DUOMO"), subject=PHASE, sequence=2)
    response, problem = await depot.attempt(picked, "issuance")
    assert (response.status, problem["code"]) == (422, "destination_not_ordered")


async def test_less_to_work_on_than_was_drafted_is_not_issued(depot: Depot, order: Order) -> None:
    picked = await depot.picked(order, **body(order, "60"))
    await depot.deliver(outsourced(order, quantity="59"), subject=PHASE, sequence=2)
    response, problem = await depot.attempt(picked, "issuance")
    assert (response.status, problem["code"]) == (409, "quantity_beyond_remaining")


async def test_late_and_repeated_words_change_nothing(depot: Depot, order: Order) -> None:
    for quantity, sequence in (("97", 3), ("90", 2), ("97", 3)):
        await depot.deliver(outsourced(order, quantity=quantity), subject=PHASE, sequence=sequence)
        assert (await line_of(depot, order))["may_go_out"] == "97"


async def test_an_unknown_order_is_awaited(depot: Depot) -> None:
    with pytest.raises(NotYet):
        await depot.deliver(outsourced(Order(uuid4(), None, [uuid4()])), subject=PHASE)


async def test_goods_in_process_are_neither_received_nor_counted(depot: Depot, order: Order) -> None:
    named = {"warehouse": "BO1", "job_id": str(PHASE), "quantity": "10"}
    for path, more in (("receipts", {}), ("adjustments", {"difference": "found", "reason": "Conta"})):
        response, problem = await depot.client.post(f"/v1/{path}", named | more)
        assert (response.status, problem["code"]) == (409, "job_not_completed"), path
