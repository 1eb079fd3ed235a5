"""Whoever sees a brief follows each item up to its delivery, and copies what it asks for."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.logistics import DdtIssued, DdtVoided, ShipmentDelivered, ShipmentLine, ShipmentRefused
from optima_contracts.production import JobClosed, JobCompleted, OrderChanged, OrderConfirmed, OrderLine

from ..conftest import Desk

pytestmark = pytest.mark.servers


class Order:
    """The neighbours' events about a brief's order."""

    def __init__(self, desk: Desk, brief: dict[str, Any]) -> None:
        self.desk, self.brief = desk, brief
        self.jobs = [uuid4() for _ in brief["items"]]

    def confirmed(self) -> Any:
        lines = [
            OrderLine(
                job_id=job,
                item_id=item["item_id"],
                kind=item["kind"],
                description=item["description"],
                quantity=item["quantity"],
                unit=item["unit"],
                deliveries=[],
            )
            for job, item in zip(self.jobs, self.brief["items"], strict=True)
        ]
        facts = {"number": "O-1", "customer": "C001", "deadline": "2027-02-15", "lines": lines}
        return self.desk.order(OrderConfirmed, self.brief, **facts)

    def changed(self, *quantities: str) -> Any:
        """So much is ordered of the first items now."""
        lines = [
            line.model_copy(update={"quantity": quantity})
            for line, quantity in itertools.zip_longest(self.confirmed().lines, quantities)
            if quantity is not None
        ]
        facts = {"number": "O-1", "deadline": "2027-02-15", "lines": lines, "reason": "Altri negozi"}
        return self.desk.order(OrderChanged, self.brief, **facts, changed_jobs=[])

    def completed(self, at: int, quantity: str) -> Any:
        facts = {"job_id": self.jobs[at], "quantity": quantity, "unit": "pz"}
        return self.desk.order(JobCompleted, self.brief, **facts)

    def closed(self, at: int, shipped: str = "0") -> Any:
        facts = {"job_id": self.jobs[at], "reason": "Basta", "shipped": shipped, "unit": "pz"}
        return self.desk.order(JobClosed, self.brief, **facts)

    def shipment(self, kind: Any, shipment_id: Any, quantity: str, **changes: Any) -> Any:
        line = ShipmentLine(job_id=self.jobs[0], description="Espositore", quantity=quantity, unit="pz")
        said = {
            ShipmentDelivered: {"delivered_at": self.desk.app.clock.now(), "received_by": "Neri"},
            ShipmentRefused: {"reason": "Rotta"},
            DdtVoided: {"number": "1/2026", "reason": "Errore"},
        }
        base = self.desk.shipment(DdtIssued, self.brief).model_dump()
        facts = base | {"shipment_id": shipment_id, "lines": [line]} | said.get(kind, {}) | changes
        return kind.model_validate(
            {name: value for name, value in facts.items() if name in kind.model_fields}
        )

    async def tell(self, *events: Any) -> None:
        for event in events:
            await self.desk.deliver(event)

    async def seen(self, actor: Any = None) -> list[dict[str, Any]]:
        path = f"/v1/briefs/{self.brief['id']}/progress"
        response, body = await self.desk.as_(actor or self.desk.anna).get(path)
        assert response.status == 200, body
        items: list[dict[str, Any]] = body["items"]
        return items


QUANTITIES = ("requested", "ordered", "produced", "shipped", "delivered")


async def test_an_item_is_followed_from_its_request_to_its_delivery(desk: Desk) -> None:
    order = Order(desk, await desk.approved())
    first, second = await order.seen()
    assert [first[name] for name in QUANTITIES] == ["500", "0", "0", "0", "0"]
    one, other = uuid4(), uuid4()
    await order.tell(
        order.confirmed(),
        order.completed(0, "490"),
        order.shipment(DdtIssued, one, "300"),
        order.shipment(ShipmentDelivered, one, "295"),
        order.shipment(DdtIssued, other, "190", number="2/2026", closes_order_line=True),
        order.shipment(DdtIssued, uuid4(), "10", number="3/2026", closes_order_line=False),
        order.closed(1),
    )
    first, second = await order.seen()
    assert [first[name] for name in QUANTITIES] == ["500", "500", "490", "485", "295"]
    assert [
        (each["ddt_number"], each["issued_on"], each["state"], each["quantity"])
        for each in sorted(first["shipments"], key=lambda each: each["ddt_number"])
    ] == [("1/2026", "2026-12-01", "delivered", "295"), ("2/2026", "2026-12-01", "issued", "190")]
    _, page = await desk.as_(desk.anna).get(f"/v1/briefs/{order.brief['id']}/progress?limit=1")
    _, rest = await desk.as_(desk.anna).get(
        f"/v1/briefs/{order.brief['id']}/progress?cursor={page['next_cursor']}"
    )
    assert page["items"] + rest["items"] == [first, second]
    assert (first["closed"], second["closed"], second["shipments"]) == (False, True, [])
    await order.tell(order.shipment(ShipmentRefused, other, "190"))
    assert [(await order.seen())[0][name] for name in QUANTITIES[3:]] == ["295", "295"]


async def test_events_that_come_late_or_again_tell_the_same(desk: Desk) -> None:
    shipment = uuid4()
    shown = []
    for turn in itertools.permutations(range(4)):
        order = Order(desk, await desk.approved())
        shipment = uuid4()
        events = [
            desk.app.event(order.confirmed(), source="/optima/production"),
            desk.app.event(order.completed(0, "490"), source="/optima/production"),
            desk.app.event(order.shipment(DdtIssued, shipment, "300"), sequence=4),
            desk.app.event(order.shipment(ShipmentDelivered, shipment, "295"), sequence=6),
        ]
        for at in (*turn, *turn):
            await desk.app.deliver(events[at])
        (first, _) = await order.seen()
        shown.append(([first[name] for name in QUANTITIES], [s["ddt_number"] for s in first["shipments"]]))
    assert all(each == (["500", "500", "490", "295", "295"], ["1/2026"]) for each in shown), shown


async def test_who_may_not_see_the_brief_sees_no_progress(desk: Desk) -> None:
    order = Order(desk, await desk.approved())
    response, body = await desk.as_(desk.marco).get(f"/v1/briefs/{order.brief['id']}/progress")
    assert (response.status, body["code"]) == (404, "brief_absent")
    assert "price" not in str(await order.seen(desk.paola))


async def test_a_copy_asks_for_the_same_and_is_its_makers(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.attach(draft["id"])
    brief = await desk.submit(draft["id"])
    await desk.price(brief, "1", "2")
    response, copied = await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/copy")
    assert response.status == 201
    assert response.headers["Location"] == f"/v1/briefs/{copied['id']}"
    same = ("title", "category", "purpose", "budget", "customer")
    assert [copied[name] for name in same] == [brief[name] for name in same]
    assert (copied["state"], copied["attachments"], "deadline" in copied) == ("draft", [], False)
    assert copied["number"] != brief["number"]

    def asked(seen: Any) -> list[Any]:
        return [{name: value for name, value in item.items() if name != "item_id"} for item in seen["items"]]

    assert asked(copied) == asked(brief)
    ids = {item["item_id"] for each in (copied, brief) for item in each["items"]}
    assert len(ids) == 4
    response, body = await desk.as_(desk.marco).post(f"/v1/briefs/{brief['id']}/copy")
    assert (response.status, body["code"]) == (404, "brief_absent")
