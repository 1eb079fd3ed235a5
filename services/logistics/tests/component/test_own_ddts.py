"""Whoever does a phase sees the DDTs of its goods, and who works at a destination those of what is sent
there: these, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from optima_contracts.identity import PersonChanged
from optima_contracts.logistics import DestinationPersonNamed
from optima_contracts.production import PhaseAssigned, PhaseOutsourced
from optima_kit.actor import Actor
from optima_kit.testing import Client

from ..conftest import DESTINATION, NOW, WAREHOUSE, Depot, Order

PHASE, OTHER = UUID(int=77), UUID(int=78)


@pytest.fixture
async def order(depot: Depot) -> Order:
    """Two of its phases are done by FIN-01, and nobody has them yet."""
    response, problem = await depot.client.put("/v1/destinations/FIN-01", DESTINATION)
    assert response.status == 200, problem
    order = await depot.confirm_order(completed=False)
    for phase_id in (PHASE, OTHER):
        told = PhaseOutsourced(
            job_id=order.jobs[0],
            order_id=order.order_id,
            brief_id=order.brief_id,
            phase_id=phase_id,
            phase="plastifica",
            description="Espositore: Plastificazione",
            unit="fogli",
            finisher="FIN-01",
            open=True,
            quantity="100",
        )
        await depot.deliver(told, subject=phase_id)
    return order


async def assign(depot: Depot, order: Order, who: Actor, at: datetime = NOW, phase: UUID = PHASE) -> None:
    told = PhaseAssigned(
        job_id=order.jobs[0],
        order_id=order.order_id,
        phase_id=phase,
        phase="plastifica",
        assignee_id=who.person_id,
    )
    await depot.deliver(told, subject=order.jobs[0], time=at)


async def sent(depot: Depot, order: Order, *phases: UUID) -> dict[str, Any]:
    """Ten of each, under a document."""
    lines = [{"job_id": str(phase), "quantity": "10"} for phase in phases or (PHASE,)]
    picked = await depot.picked(order, document_type="conto-lavorazione", destination="FIN-01", lines=lines)
    return await depot.act(picked, "issuance")


async def listed(client: Client) -> list[str]:
    response, page = await client.get("/v1/own-ddts")
    assert response.status == 200, page
    return [each["id"] for each in page["items"]]


async def absent(client: Client, shipment: dict[str, Any]) -> bool:
    """By each of the ways to it."""
    at = f"/v1/own-ddts/{shipment['id']}"
    found = [await client.get(path) for path in (at, f"{at}/returns", f"{at}/ddt.pdf")]
    hidden = [(answer.status, body["code"]) for answer, body in found if answer.status != 200]
    assert hidden in ([], [(404, "shipment_absent")] * 3), hidden
    return bool(hidden)


async def test_a_supplier_sees_their_own_and_nothing_of_others(depot: Depot, order: Order) -> None:
    anna, bruno = depot.app.person("supplier"), depot.app.person("supplier")
    await assign(depot, order, anna)
    hers, others = depot.app.as_(anna), depot.app.as_(bruno)
    draft = await depot.draft(
        order,
        document_type="conto-lavorazione",
        destination="FIN-01",
        lines=[{"job_id": str(PHASE), "quantity": "10"}],
    )
    assert await absent(hers, draft)  # until it has a document
    shipment = await sent(depot, order)
    assert (await listed(hers), await listed(others)) == ([shipment["id"]], [])
    assert not await absent(hers, shipment)
    assert await absent(others, shipment)
    assert await absent(depot.as_role("admin"), shipment)  # who sees it as a shipment
    for action, more in (("departure", {}), ("delivery", {"received_by": "Neri"})):
        shipment = await depot.act(shipment, action, **more)
    back = {
        "document_type": "reso-da-conto-lavorazione",
        "warehouse": "BO1",
        "number": "7/B",
        "reason": "Lavorati",
        "lines": [{"job_id": str(PHASE), "quantity": "4", "disposition": "stock"}],
    }
    await depot.act(shipment, "returns", **back)
    _, seen = await hers.get(f"/v1/own-ddts/{shipment['id']}")
    assert seen["lines"] == [
        {"description": "Espositore: Plastificazione", "quantity": "10", "returned": "4", "unit": "fogli"}
    ]
    assert (seen["number"], seen["state"]) == (shipment["ddt"]["number"], "delivered")
    assert not {"order_id", "order_number", "brief_id", "notes", "received_by", "actions"} & seen.keys()
    _, returns = await hers.get(f"/v1/own-ddts/{shipment['id']}/returns")
    (returned,) = returns["items"]
    assert (returned["number"], returned["lines"][0]["quantity"]) == ("7/B", "4")
    assert not {"reason", "recorded_by", "warehouse"} & returned.keys()
    response, pdf = await hers.get(f"/v1/own-ddts/{shipment['id']}/ddt.pdf")
    assert (response.content_type, pdf[:4]) == ("application/pdf", b"%PDF")


async def test_a_document_stays_of_whoever_had_the_phase_when_it_was_issued(
    depot: Depot, order: Order
) -> None:
    """However the events arrive: the successor's comes first, and the predecessor's last."""
    anna, bruno = depot.app.person("supplier"), depot.app.person("supplier")
    first = await sent(depot, order)
    depot.clock.advance(timedelta(hours=2))
    second = await sent(depot, order)
    await assign(depot, order, bruno, at=NOW + timedelta(hours=1))
    assert await listed(depot.app.as_(bruno)) == [second["id"]]
    await assign(depot, order, anna, at=NOW - timedelta(hours=1))
    hers, his = depot.app.as_(anna), depot.app.as_(bruno)
    assert (await listed(hers), await listed(his)) == ([first["id"]], [second["id"]])
    assert (await absent(hers, second), await absent(his, first)) == (True, True)


async def test_a_document_with_goods_of_others_is_nobodys_own(depot: Depot, order: Order) -> None:
    anna, bruno = depot.app.person("supplier"), depot.app.person("supplier")
    await assign(depot, order, anna)
    await assign(depot, order, bruno, phase=OTHER)
    both = await sent(depot, order, PHASE, OTHER)
    hers, his = depot.app.as_(anna), depot.app.as_(bruno)
    assert (await absent(hers, both), await absent(his, both)) == (True, True)
    assert (await listed(hers), await listed(his)) == ([], [])
    await assign(depot, order, anna, at=NOW + timedelta(minutes=1), phase=OTHER)
    depot.clock.advance(timedelta(minutes=2))
    after = await sent(depot, order, PHASE, OTHER)
    assert await listed(hers) == [after["id"]]


async def test_a_voided_document_is_still_theirs(depot: Depot, order: Order) -> None:
    anna = depot.app.person("supplier")
    await assign(depot, order, anna)
    shipment = await sent(depot, order)
    await depot.act(shipment, "voiding", reason="Errore", reissue=True)
    _, page = await depot.app.as_(anna).get("/v1/own-ddts")
    assert [(each["id"], each["state"]) for each in page["items"]] == [(shipment["id"], "voided")]


async def told_of(depot: Depot, who: Actor, *, active: bool = True) -> Actor:
    """The directory has."""
    told = PersonChanged(
        person_id=who.person_id,
        name=who.name,
        email="persona@example.it",
        kind="external",
        roles=sorted(who.roles),
        active=active,
    )
    await depot.deliver(told, subject=who.person_id)
    return who


async def work_at(depot: Depot, who: Actor, method: str = "put") -> tuple[int, Any]:
    path = f"/v1/destinations/FIN-01/people/{who.person_id}"
    response, body = await getattr(depot.client, method)(path)
    return response.status, body


async def test_who_works_at_a_destination_sees_what_is_sent_there(depot: Depot, order: Order) -> None:
    """Goods without a phase, too: what goes back to a supplier, and articles that are worked on."""
    anna = await told_of(depot, depot.app.person("supplier", name="Anna Galli"))
    bruno = await told_of(depot, depot.app.person("supplier", name="Bruno Neri"))
    hers, his = depot.app.as_(anna), depot.app.as_(bruno)
    await depot.complete_job(order, order.jobs[0], "100")
    await depot.receive(order.jobs[0])
    back = await depot.picked(order, "10", document_type="reso-a-fornitore", destination="FIN-01")
    back = await depot.act(back, "issuance")
    elsewhere = await depot.act(await depot.picked(order, "10"), "issuance")
    assert await absent(hers, back)
    for _ in range(2):
        status, named = await work_at(depot, anna)
        assert (status, named["people"]) == (200, [{"id": str(anna.person_id), "name": "Anna Galli"}])
    draft = await depot.draft(order, "5", document_type="reso-a-fornitore", destination="FIN-01")
    outside = await sent(depot, order)
    assert (await listed(hers), await listed(his)) == ([outside["id"], back["id"]], [])
    for shipment in (draft, elsewhere):
        assert await absent(hers, shipment)
    assert (await absent(hers, back), await absent(his, back)) == (False, True)
    # What a phase makes one's own is so whoever works there.
    await assign(depot, order, bruno, at=NOW - timedelta(hours=1))
    assert await listed(his) == [outside["id"]]
    assert (await work_at(depot, anna, "delete"))[0] == 204
    assert (await listed(hers), await absent(hers, back)) == ([], True)
    told = [
        (each.data["destination"], each.data["works_there"])
        for each in await depot.app.published(DestinationPersonNamed)
    ]
    assert told == [("FIN-01", True), ("FIN-01", False)]


async def test_goods_for_a_warehouse_go_to_no_destination_of_its_code(depot: Depot, order: Order) -> None:
    anna = await told_of(depot, depot.app.person("supplier"))
    await depot.client.put("/v1/warehouses/FIN-01", WAREHOUSE)
    await work_at(depot, anna)
    await depot.complete_job(order, order.jobs[0], "100")
    await depot.receive(order.jobs[0])
    moved = await depot.picked(order, "10", document_type="trasferimento-tra-depositi", destination="FIN-01")
    moved = await depot.act(moved, "issuance")
    assert await absent(depot.app.as_(anna), moved)
    assert await listed(depot.app.as_(anna)) == []


async def test_only_who_could_see_documents_is_named(depot: Depot, order: Order) -> None:
    nobody, left = depot.app.person("supplier"), depot.app.person("supplier")
    colleague = await told_of(depot, depot.app.person("marketing"))
    await told_of(depot, left, active=False)
    for person in (nobody, left, colleague):
        status, problem = await work_at(depot, person)
        assert (status, problem["code"]) == (422, "person_sees_no_ddts")
    response, problem = await depot.client.put(f"/v1/destinations/NO-01/people/{left.person_id}")
    assert (response.status, problem["code"]) == (404, "lookup_absent")
    response, _ = await depot.client.get("/v1/destinations/NO-01/people")
    assert response.status == 404
