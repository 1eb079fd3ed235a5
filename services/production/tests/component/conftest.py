"""A production service on a real database, and the people of a tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.brief import BriefApproved, BriefCancelled, BriefContent, BriefItem, ItemDelivery
from optima_contracts.economics import BriefPricesApproved, PricedItem
from optima_contracts.envelope import EventData
from optima_contracts.identity import LegalIdentity, PersonChanged
from optima_contracts.logistics import (
    DdtIssued,
    DdtVoided,
    ShipmentDelivered,
    ShipmentDeparted,
    ShipmentLine,
    ShipmentRefused,
)
from optima_contracts.money import amount_of
from optima_kit.actor import Actor
from optima_kit.settings import Settings
from optima_kit.testing import Client, FixedClock, ServiceDatabase, ServiceHarness, settings_for
from production.bootstrap import service

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DEADLINE = date(2027, 1, 31)
COMPANY = LegalIdentity(
    name="Valtellina Dolci S.r.l.",
    vat_number="00743110157",
    street="Via Stelvio 12",
    postal_code="23100",
    city="Sondrio",
    province="SO",
)
ECONOMICS = {
    "cost": "900.00",
    "unit_price": "2.50",
    "supplier": "Grafiche Rossi",
    "materials": "cartone",
    "technical_sheet": "CMYK, 3 mm",
}
LINE = {
    "name": "Espositore",
    "phases": [
        {"key": "stampa", "name": "Stampa"},
        {"key": "taglio", "name": "Taglio", "after": ["stampa"], "quality_check": True},
        {"key": "confezione", "name": "Confezione", "after": ["taglio"], "skippable": True},
    ],
}
ONE_PHASE = {"name": "Gadget", "phases": [{"key": "stampa", "name": "Stampa"}]}


@dataclass(slots=True)
class Plant:
    app: ServiceHarness
    database: ServiceDatabase
    clock: FixedClock

    @property
    def tenant(self) -> UUID:
        return self.app.tenant_id

    def actor(self, *roles: str, **facts: Any) -> Actor:
        return self.app.person(*roles, **facts)

    def as_(self, *roles: str, **facts: Any) -> Client:
        return self.app.sign_in(*roles, **facts)

    @property
    def admin(self) -> Client:
        return self.as_("admin")

    async def deliver(self, event: EventData, subject: UUID, *, sequence: int | None = None) -> None:
        await self.app.deliver(event, subject=subject, sequence=sequence)

    async def worker(self, role: str = "dealer", name: str = "Carla Verdi", **changes: Any) -> Actor:
        """Somebody of whom the directory has told."""
        actor = self.actor(role, name=name, kind="external")
        await self.tell_of(actor, **changes)
        return actor

    async def tell_of(self, actor: Actor, **changes: Any) -> None:
        person = PersonChanged(
            person_id=actor.person_id,
            name=actor.name,
            email="persona@example.it",
            kind="external",
            roles=sorted(actor.roles),
            active=True,
        ).model_copy(update=changes)
        await self.deliver(person, actor.person_id)

    async def define(self, key: str, document: dict[str, Any]) -> None:
        response, body = await self.admin.put(f"/v1/kinds/{key}", document)
        assert response.status == 200, body

    async def approve(
        self, *items: tuple[str, str], brief_id: UUID | None = None, prices: Sequence[str] = ()
    ) -> UUID:
        """An approved brief with items (kind, quantity), each with its unit price or none with one, arrives.
        Returns the brief's id."""
        id_ = brief_id or uuid4()
        event = approved(id_, *items, valued=bool(prices))
        if prices:
            await self.deliver(prices_approved(event, *prices), id_)
        await self.deliver(event, id_)
        return id_

    async def order_of(self, brief_id: UUID) -> dict[str, Any]:
        response, body = await self.admin.get(f"/v1/orders?brief_id={brief_id}")
        assert response.status == 200, body
        (summary,) = body["items"]
        return await self.order(summary["id"])

    async def order(self, order_id: str) -> dict[str, Any]:
        response, body = await self.admin.get(f"/v1/orders/{order_id}")
        assert response.status == 200, body
        order: dict[str, Any] = body
        return order

    async def value(self, job: dict[str, Any], **changes: str) -> None:
        response, body = await self.admin.put(
            f"/v1/jobs/{job['id']}/economics",
            {**ECONOMICS, **changes},
            headers={"If-Match": f'"{job["version"]}"'},
        )
        assert response.status == 200, body

    async def assign(self, phase_id: str, to: Actor) -> None:
        response, body = await self.admin.post(
            f"/v1/phases/{phase_id}/assignment", {"assignee_id": str(to.person_id)}
        )
        assert response.status == 200, body

    async def work(self, phase_id: str, by: Actor, quantity: str) -> None:
        client = self.app.as_(by)
        response, body = await client.post(f"/v1/phases/{phase_id}/start")
        assert response.status == 200, body
        response, body = await client.post(
            f"/v1/phases/{phase_id}/completion", {"quantity": quantity, "loss_reason": "Avviamento"}
        )
        assert response.status == 200, body

    async def make(self, order: dict[str, Any], by: Actor, quantities: dict[str, str] | None = None) -> None:
        """Values all jobs of the order, assigns their phases and works them off."""
        for job in order["jobs"]:
            await self.value(job)
            for phase in job["phases"]:
                await self.assign(phase["id"], by)
                made = (quantities or {}).get(job["id"], job["quantity"])
                await self.work(phase["id"], by, made)
                if phase["quality_check"]:
                    response, body = await self.admin.post(f"/v1/phases/{phase['id']}/acceptance")
                    assert response.status == 200, body

    async def ship(
        self,
        state: str,
        shipment_id: UUID,
        order: dict[str, Any],
        *quantities: str,
        sequence: int | None = None,
    ) -> None:
        """Logistics says that a shipment with a line for each of the order's first jobs is in `state`."""
        await self.deliver(shipment(state, shipment_id, order, *quantities), shipment_id, sequence=sequence)


def prices_approved(event: BriefApproved, *unit_prices: str) -> BriefPricesApproved:
    lines = [
        PricedItem(
            item_id=item.item_id,
            quantity=item.quantity,
            unit_price=unit_price,
            amount=str(amount_of(Decimal(item.quantity), Decimal(unit_price))),
        )
        for item, unit_price in zip(event.content.items, unit_prices, strict=True)
    ]
    return BriefPricesApproved(
        brief_id=event.brief_id,
        revision=event.revision,
        approval_id=event.approval_id,
        content_hash=event.content_hash,
        lines=lines,
        total=str(sum(Decimal(line.amount) for line in lines)),
    )


def approved(brief_id: UUID, *items: tuple[str, str], valued: bool = False) -> BriefApproved:
    return BriefApproved(
        valued=valued,
        brief_id=brief_id,
        number="B-2026-0007",
        revision=1,
        content_hash="ab" * 32,
        approval_id=uuid4(),
        requester_id=uuid4(),
        content=BriefContent(
            title="Lancio primavera",
            category="POP",
            budget="8000.00",
            deadline=DEADLINE,
            customer="C001",
            items=[
                BriefItem(
                    item_id=uuid4(),
                    kind=kind,
                    description=f"Articolo {place}",
                    quantity=quantity,
                    deliveries=[ItemDelivery(destination="MI-01", quantity=quantity)],
                )
                for place, (kind, quantity) in enumerate(items, start=1)
            ],
        ),
    )


def cancelled(brief_id: UUID) -> BriefCancelled:
    return BriefCancelled(brief_id=brief_id, reason="Campagna sospesa", from_state="approved")


def shipment(state: str, shipment_id: UUID, order: dict[str, Any], *quantities: str) -> EventData:
    facts: dict[str, Any] = {
        "shipment_id": shipment_id,
        "order_id": UUID(order["id"]),
        "brief_id": None,
        "destination": "MI-01",
        "lines": [
            ShipmentLine(job_id=UUID(job["id"]), description=job["description"], quantity=quantity, unit="pz")
            for job, quantity in zip(order["jobs"], quantities, strict=False)
        ],
    }
    match state:
        case "issued":
            return DdtIssued(
                **facts,
                number="1/2026",
                progressive=1,
                series="",
                year=2026,
                issue_date=NOW.date(),
                sender=COMPANY,
                recipient=COMPANY,
                delivery_address=COMPANY,
                reason="vendita",
                transport_by="mittente",
            )
        case "departed":
            return ShipmentDeparted(**facts, departed_at=NOW)
        case "delivered":
            return ShipmentDelivered(**facts, delivered_at=NOW, received_by="Magazziniere")
        case "refused":
            return ShipmentRefused(**facts, reason="Danneggiata")
        case "voided":
            return DdtVoided(**facts, number="1/2026", reason="Errore")
    raise AssertionError(state)


@pytest.fixture
async def plant(database_for: Callable[[str], Awaitable[ServiceDatabase]]) -> AsyncIterator[Plant]:
    database = await database_for("production")
    clock = FixedClock(NOW)
    async with ServiceHarness.serve(service(settings_for(database, Settings)), database, clock=clock) as app:
        yield Plant(app, database, clock)
