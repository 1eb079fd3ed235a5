"""Shipments of several orders under one document: one number, one paper, each order told of its part."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import date
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from optima_contracts.envelope import EventData
from optima_contracts.erp import DdtInvoicingChanged
from optima_contracts.logistics import DdtIssued, DdtVoided, ShipmentDelivered, ShipmentRefused

from ..conftest import TRANSPORT, Depot, Order

E = TypeVar("E", bound=EventData)

ALONE = dict.fromkeys(TRANSPORT)
"""Of a draft that says nothing of its transport."""


async def two_orders(depot: Depot) -> tuple[Order, Order]:
    return (
        await depot.stocked_order(number="O-2026-0001"),
        await depot.stocked_order(number="O-2026-0002", description="Locandina"),
    )


async def joint(depot: Depot, *, picked: bool = True) -> tuple[Order, Order, Any, Any]:
    """Two orders of different briefs, and a shipment of each that travels with the other."""
    first, second = await two_orders(depot)
    one = await depot.draft(first, "10")
    other = await depot.draft(second, "20", travels_with_id=one["id"], **ALONE)
    _, one = await depot.client.get(f"/v1/shipments/{one['id']}")
    if picked:
        one, other = await depot.act(one, "picking"), await depot.act(other, "picking")
    return first, second, one, other


async def read(depot: Depot, shipment: Any) -> Any:
    _, found = await depot.client.get(f"/v1/shipments/{shipment['id']}")
    return found


async def told_of(depot: Depot, kind: type[E]) -> list[E]:
    return [kind.model_validate(event.data) for event in await depot.app.published(kind)]


async def test_one_document_carries_the_goods_of_both_orders(depot: Depot) -> None:
    first, second, one, other = await joint(depot)
    assert [each["order_number"] for each in one["companions"]] == ["O-2026-0002"]
    assert other["transport_by"] == one["transport_by"], "one document tells of one transport"
    issued = await depot.act(await read(depot, one), "issuance")
    companion = await read(depot, other)
    assert (issued["ddt"]["number"], companion["ddt"]["number"]) == ("1/2026", "1/2026")
    assert (issued["state"], companion["state"]) == ("issued", "issued")
    told = await told_of(depot, DdtIssued)
    assert [(each.order_id, each.brief_id, each.order_number, each.number) for each in told] == [
        (first.order_id, first.brief_id, "O-2026-0001", "1/2026"),
        (second.order_id, second.brief_id, "O-2026-0002", "1/2026"),
    ]
    assert [[line.job_id for line in each.lines] for each in told] == [first.jobs, second.jobs]
    assert {tuple(each.shipment_ids or ()) for each in told} == {
        (UUID(one["id"]), UUID(other["id"])),
        (UUID(other["id"]), UUID(one["id"])),
    }
    assert all(each.despatch_advice is None for each in told), "no order's reader reads the other's lines"
    stock = await depot.stock()
    assert [stock[str(order.jobs[0])][0] for order in (first, second)] == ["90", "80"]
    response, xml = await depot.client.get(f"/v1/shipments/{other['id']}/despatch-advice.xml")
    assert response.status == 200
    assert (b"Espositore" in xml, b"Locandina" in xml, xml.count(b"O-2026-0002")) == (True, True, 1)
    numbers = await depot.database.fetch("SELECT last_progressive FROM ddt_series")
    assert [row["last_progressive"] for row in numbers] == [1]


async def test_they_are_arranged_sent_off_and_delivered_together(depot: Depot) -> None:
    first, second, one, other = await joint(depot)
    put, _ = await depot.client.put(
        f"/v1/shipments/{other['id']}/transport",
        TRANSPORT | {"notes": "Due ordini"},
        headers={"If-Match": f'"{other["version"]}"'},
    )
    assert put.status == 200
    assert (await read(depot, one))["notes"] == "Due ordini"
    await depot.act(await read(depot, other), "issuance")
    await depot.act(await read(depot, one), "departure")
    assert (await read(depot, other))["state"] == "in_transit"
    arrived = [{"job_id": str(second.jobs[0]), "accepted": "15"}]
    await depot.act(other, "delivery", received_by="Neri", arrived=arrived, reason="Rotti")
    after = await read(depot, other)
    assert (after["state"], after["lines"][0]["came_back"]) == ("delivered", "5")
    assert (await read(depot, one))["state"] == "delivered"
    told = await told_of(depot, ShipmentDelivered)
    assert {(each.order_id, each.lines[0].quantity) for each in told} == {
        (first.order_id, "10"),
        (second.order_id, "15"),
    }


async def test_one_orders_goods_may_be_refused_whole(depot: Depot) -> None:
    _, second, one, other = await joint(depot)
    await depot.act(await read(depot, one), "issuance")
    await depot.act(await read(depot, one), "departure")
    nothing = [{"job_id": str(second.jobs[0]), "accepted": "0"}]
    response, problem = await depot.attempt(one, "delivery", received_by="Neri", arrived=nothing)
    assert (response.status, problem["code"]) == (422, "reason_missing")
    await depot.act(one, "delivery", received_by="Neri", arrived=nothing, reason="Non ordinati")
    assert ((await read(depot, one))["state"], (await read(depot, other))["state"]) == (
        "delivered",
        "refused",
    )
    (refused,) = await told_of(depot, ShipmentRefused)
    assert refused.order_id == second.order_id
    assert (await depot.stock())[str(second.jobs[0])][0] == "100", "back on the shelf"


async def test_what_each_order_leaves_to_be_invoiced_is_a_line_of_its_own(depot: Depot) -> None:
    _, _, one, other = await joint(depot)
    await depot.act(await read(depot, one), "issuance")
    _, page = await depot.client.get("/v1/ddts/to-be-invoiced")
    (found,) = page["items"]
    assert [(line["order_number"], line["quantity"]) for line in found["lines"]] == [
        ("O-2026-0001", "10"),
        ("O-2026-0002", "20"),
    ]
    _, table = await depot.client.get(
        "/v1/ddts/to-be-invoiced.csv?issued_from=2026-11-01&issued_to=2026-11-30"
    )
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig")), delimiter=";"))
    assert [(row["numero_ddt"], row["ordine"]) for row in rows] == [
        ("1/2026", "O-2026-0001"),
        ("1/2026", "O-2026-0002"),
    ]
    for number, shipment in (("FT-1", other), ("FT-2", one)):
        invoiced = DdtInvoicingChanged(
            shipment_id=UUID(shipment["id"]),
            ddt_number="1/2026",
            connection_id=UUID(int=5),
            connection="gestionale",
            invoice_number=number,
            invoice_date=date(2026, 12, 4),
        )
        await depot.deliver(invoiced, subject=UUID(shipment["id"]))
        _, page = await depot.client.get("/v1/ddts/to-be-invoiced")
        left = [line["order_number"] for each in page["items"] for line in each["lines"]]
        assert left == (["O-2026-0001"] if number == "FT-1" else [])


async def test_a_voided_document_is_reissued_for_all(depot: Depot) -> None:
    first, second, one, other = await joint(depot)
    await depot.act(await read(depot, one), "issuance")
    voided = await depot.act(await read(depot, other), "voiding", reason="Errore", reissue=True)
    assert ((await read(depot, one))["state"], voided["state"]) == ("voided", "voided")
    assert {each.order_id for each in await told_of(depot, DdtVoided)} == {
        first.order_id,
        second.order_id,
    }
    again = await read(depot, {"id": voided["replaced_by_id"]})
    assert [each["order_number"] for each in again["companions"]] == ["O-2026-0001"]
    for each in (again, {"id": again["companions"][0]["shipment_id"]}):
        await depot.act(each, "picking")
    issued = await depot.act(await read(depot, again), "issuance")
    assert issued["ddt"]["number"] == "2/2026"


async def test_all_are_picked_before_the_issue(depot: Depot) -> None:
    _, _, one, other = await joint(depot, picked=False)
    one = await depot.act(one, "picking")
    assert "issue" not in one["actions"]
    response, problem = await depot.attempt(one, "issuance")
    assert (response.status, problem["code"]) == (409, "consignment_not_picked")
    await depot.act(other, "picking")
    assert "issue" in (await read(depot, one))["actions"]


async def test_one_that_is_given_up_lets_the_others_go(depot: Depot) -> None:
    _, second, one, other = await joint(depot)
    await depot.cancel_brief(second.brief_id)
    assert (await read(depot, other))["state"] == "cancelled"
    issued = await depot.act(await read(depot, one), "issuance")
    assert (issued["state"], issued["companions"]) == ("issued", [])
    (told,) = await told_of(depot, DdtIssued)
    assert told.shipment_ids is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"destination": "RM-TERMINI"}, "consignment_differs"),
        ({"document_type": "omaggio"}, "consignment_differs"),
        ({"packages": 3}, "consignment_differs"),
    ],
)
async def test_what_differs_does_not_travel_together(
    depot: Depot, changes: dict[str, Any], code: str
) -> None:
    deliveries = {"MI-DUOMO": "60", "RM-TERMINI": "40"}
    order = await depot.stocked_order()
    one = await depot.draft(order, "10")
    second = await depot.stocked_order(number="O-2026-0002", deliveries=deliveries)
    body = depot.shipment_body(second, "10", travels_with_id=one["id"], **changes)
    response, problem = await depot.client.post("/v1/shipments", body)
    assert (response.status, problem["code"]) == (422, code)
    assert await depot.database.fetch("SELECT FROM consignments") == []


async def test_who_may_join_and_what_stays(depot: Depot) -> None:
    first, second, one, other = await joint(depot)
    third = await depot.stocked_order(number="O-2026-0003")

    async def refused(order: Order, joined: Any) -> str:
        body = depot.shipment_body(order, "1", travels_with_id=joined["id"], **ALONE)
        _, problem = await depot.client.post("/v1/shipments", body)
        return str(problem["code"])

    assert await refused(first, other) == "consignment_same_order"
    assert await refused(third, {"id": str(uuid4())}) == "shipment_absent"
    body = {
        "document_type": "vendita",
        "warehouse": "BO1",
        "destination": "RM-TERMINI",
        "lines": [{"job_id": str(second.jobs[0]), "quantity": "1"}],
    }
    other = await read(depot, other)
    headers = {"If-Match": f'"{other["version"]}"'}
    await depot.client.put("/v1/destinations/RM-TERMINI", {})
    response, problem = await depot.client.put(f"/v1/shipments/{other['id']}/content", body, headers=headers)
    assert response.status in (409, 422), problem
    await depot.act(await read(depot, one), "issuance")
    assert await refused(third, one) == "consignment_closed"


async def test_packages_are_counted_and_numbered_once(depot: Depot) -> None:
    await depot.client.put("/v1/gs1-prefix", {"prefix": "8012345"})
    _, _, one, other = await joint(depot)
    answers = [(await depot.attempt(each, "labels"))[1]["packages"] for each in (one, other, one)]
    assert answers[0] == answers[1] == answers[2]
    pair = f"shipment_id={one['id']}&shipment_id={other['id']}"
    response, _ = await depot.client.get(f"/v1/papers.pdf?paper=labels&{pair}")
    assert response.status == 200


async def test_at_once_there_is_one_document_and_no_deadlock(depot: Depot) -> None:
    """Both are issued, both are joined by others, and an order is cancelled: each in some order."""
    first, second, one, other = await joint(depot)
    third = await depot.stocked_order(number="O-2026-0003")
    body = depot.shipment_body(third, "1", travels_with_id=other["id"], **ALONE)
    await asyncio.gather(
        depot.attempt(one, "issuance"),
        depot.attempt(other, "issuance"),
        depot.client.post("/v1/shipments", body),
        depot.attempt(other, "picking"),
        depot.cancel_brief(first.brief_id),
    )
    rows = await depot.database.fetch("SELECT last_progressive FROM ddt_series")
    ddts = await depot.database.fetch("SELECT FROM ddts")
    assert sum(row["last_progressive"] for row in rows) == len(ddts) <= 1
    states = {(await read(depot, each))["state"] for each in (one, other)}
    if ddts and "cancelled" not in states:
        assert states == {"issued"}
    assert second.order_id
