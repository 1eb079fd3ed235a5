"""A running brief service on a database of its own, its people, and the neighbours' events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from brief.bootstrap import service
from optima_contracts.approval import ApprovalOpened, Approved
from optima_contracts.envelope import EventData
from optima_contracts.logistics import DdtIssued, ShipmentDeparted
from optima_kit.actor import Actor
from optima_kit.settings import Settings
from optima_kit.testing import Client, FixedClock, ServiceDatabase, ServiceHarness, settings_for

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
PDF = b"%PDF-1.7\nbozzetto"
LEGAL = {
    "name": "Caffè Aurora S.p.A.",
    "street": "Via Garibaldi 18",
    "postal_code": "40124",
    "city": "Bologna",
    "province": "BO",
}


@dataclass
class Desk:
    """The service, and what tests do with it all the time."""

    app: ServiceHarness
    approval_id: UUID = field(default_factory=uuid4)
    order_id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        person = self.app.person
        self.tenant_id = self.app.tenant_id
        self.database = self.app.stored
        self.anna: Actor = person("marketing", unit_id=uuid4())
        self.marco: Actor = person("marketing", name="Marco Neri")
        self.paola: Actor = person("purchasing", name="Paola Conti")
        self.ada: Actor = person("admin", name="Ada Monti")
        self.bruno: Actor = person("backoffice", name="Bruno Galli")

    def as_(self, actor: Actor) -> Client:
        return self.app.as_(actor)

    @staticmethod
    def content(**changes: Any) -> dict[str, Any]:
        whole: dict[str, Any] = {
            "title": "Lancio primavera",
            "category": "POP",
            "purpose": "Visibilità in cassa",
            "budget": "8000.00",
            "deadline": "2027-02-15",
            "customer": "C001",
            "items": [
                {
                    "kind": "espositore",
                    "description": "Espositore da banco",
                    "quantity": "500",
                    "deliveries": [
                        {"destination": "MI01", "quantity": "300"},
                        {"destination": "RM02", "quantity": "200"},
                    ],
                },
                {"kind": "volantino", "description": "Volantino A5", "quantity": "20000"},
            ],
        }
        return whole | changes

    async def draft(self, **changes: Any) -> dict[str, Any]:
        response, brief = await self.as_(self.anna).post("/v1/briefs", self.content(**changes))
        assert response.status == 201, brief
        return brief

    async def attach(self, brief_id: str, data: bytes = PDF, name: str = "bozzetto.pdf") -> dict[str, Any]:
        response, attachment = await self.as_(self.anna).post(
            f"/v1/briefs/{brief_id}/attachments?name={name}",
            data=data,
            headers={"Content-Type": "application/pdf"},
        )
        assert response.status == 201, attachment
        return attachment

    async def submit(self, brief_id: str) -> dict[str, Any]:
        response, brief = await self.as_(self.anna).post(
            f"/v1/briefs/{brief_id}/submission", {"process": "standard"}
        )
        assert response.status == 200, brief
        return brief

    async def submitted(self, **changes: Any) -> dict[str, Any]:
        return await self.submit((await self.draft(**changes))["id"])

    async def approved(self) -> dict[str, Any]:
        brief = await self.submitted()
        await self.deliver(self.approval(Approved, brief))
        return await self.read(brief["id"])

    async def read(self, brief_id: str, actor: Actor | None = None) -> dict[str, Any]:
        response, brief = await self.as_(actor or self.anna).get(f"/v1/briefs/{brief_id}")
        assert response.status == 200, brief
        return brief

    async def price(self, brief: dict[str, Any], *unit_prices: str) -> tuple[Any, Any]:
        lines = [
            {"item_id": item["item_id"], "unit_price": price}
            for item, price in zip(brief["items"], unit_prices, strict=True)
        ]
        return await self.as_(self.paola).put(
            f"/v1/briefs/{brief['id']}/prices", {"revision": brief["revision"], "lines": lines}
        )

    async def history(self, brief_id: str) -> list[tuple[str, str]]:
        _, page = await self.as_(self.anna).get(f"/v1/briefs/{brief_id}/history")
        return [(move["to_state"], move["cause"]) for move in page["items"]]

    # The neighbours' events

    def approval(self, kind: type[EventData], brief: dict[str, Any], **changes: Any) -> EventData:
        facts: dict[str, Any] = {
            "approval_id": self.approval_id,
            "subject_type": "brief",
            "subject_id": brief["id"],
            "subject_revision": brief["revision"],
            "content_hash": brief["content_hash"],
        }
        if kind is ApprovalOpened:
            facts |= {"process_key": "standard", "process_version": 1}
        return kind.model_validate(facts | changes)

    def order(self, kind: type[EventData], brief: dict[str, Any], **changes: Any) -> EventData:
        facts = {"order_id": self.order_id, "brief_id": brief["id"]}
        return kind.model_validate(facts | changes)

    def shipment(self, kind: type[EventData], brief: dict[str, Any]) -> EventData:
        facts: dict[str, Any] = {
            "shipment_id": uuid4(),
            "order_id": self.order_id,
            "brief_id": brief["id"],
            "destination": "MI01",
            "lines": [],
        }
        if kind is DdtIssued:
            facts |= {
                "number": "1/2026",
                "progressive": 1,
                "series": "",
                "year": 2026,
                "issue_date": "2026-12-01",
                "sender": LEGAL,
                "recipient": LEGAL,
                "delivery_address": LEGAL,
                "reason": "vendita",
                "transport_by": "mittente",
            }
        if kind is ShipmentDeparted:
            facts["departed_at"] = self.app.clock.now()
        return kind.model_validate(facts)

    async def deliver(self, event: EventData, *, tenant_id: UUID | None = None) -> None:
        await self.app.deliver(event, tenant_id=tenant_id, actor_id=self.paola.person_id)


@pytest.fixture
async def desk(database_for: Callable[[str], Awaitable[ServiceDatabase]]) -> AsyncIterator[Desk]:
    database = await database_for("brief")
    async with ServiceHarness.serve(
        service(settings_for(database, Settings)), database, clock=FixedClock(NOW)
    ) as app:
        yield Desk(app)
