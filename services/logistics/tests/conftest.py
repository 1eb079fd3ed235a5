"""A depot: the running logistics service on a database of its own, its people, and its neighbours' events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from logistics.bootstrap import service
from optima_contracts.brief import BriefCancelled
from optima_contracts.envelope import EventData
from optima_contracts.identity import LegalIdentity, TenantChanged
from optima_contracts.production import (
    JobCompleted,
    JobPartCompleted,
    OrderConfirmed,
    OrderDelivery,
    OrderLine,
)
from optima_kit.settings import Settings
from optima_kit.testing import (
    Client,
    FixedClock,
    ServiceDatabase,
    ServiceHarness,
    settings_for,
)

NOW = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)

SENDER: dict[str, Any] = {
    "name": "Caffè Aurora S.p.A.",
    "vat_number": "01234560371",
    "fiscal_code": "01234560371",
    "street": "Via Giuseppe Garibaldi 18",
    "postal_code": "40124",
    "city": "Bologna",
    "province": "BO",
}
WAREHOUSE = {
    "name": "Magazzino Bologna",
    "street": "Via dell'Industria 7",
    "postal_code": "40138",
    "city": "Bologna",
    "province": "BO",
}
DESTINATION: dict[str, Any] = {
    "recipient": {
        "name": "Caffè Aurora Milano S.r.l.",
        "vat_number": "07643520567",
        "street": "Via Torino 2",
        "postal_code": "20123",
        "city": "Milano",
        "province": "MI",
    },
    "address": {
        "name": "Caffè Aurora – Duomo",
        "street": "Piazza del Duomo 12",
        "postal_code": "20122",
        "city": "Milano",
        "province": "MI",
    },
}
DOCUMENT_TYPE: dict[str, Any] = {
    "text": "Prova",
    "direction": "out",
    "counterparty": "customer",
    "ownership_passes": True,
    "to_be_invoiced": False,
    "closes_order_line": True,
}
ARTICLE: dict[str, Any] = {"description": "Espositore da banco", "unit": "pz"}
CARRIER = {
    "name": "Autotrasporti Appennino S.r.l.",
    "vat_number": "02345670372",
    "street": "Via Emilia 220",
    "postal_code": "40068",
    "city": "San Lazzaro di Savena",
    "province": "BO",
}
TRANSPORT: dict[str, Any] = {
    "transport_by": "vettore",
    "carrier": "APPENNINO",
    "freight": "franco",
    "appearance": "scatole/bancali",
    "packages": 12,
    "gross_weight_kg": "184.5",
}


@dataclass
class Order:
    """An order that a test made up: one brief, some jobs."""

    order_id: UUID
    brief_id: UUID | None
    jobs: list[UUID]


@dataclass
class Depot:
    app: ServiceHarness
    database: ServiceDatabase
    clock: FixedClock

    def __post_init__(self) -> None:
        self.tenant_id = self.app.tenant_id
        self.sara = self.app.person("backoffice", name="Sara Monti")

    @property
    def client(self) -> Client:
        """Sara's, of the backoffice, with a token that is valid now."""
        return self.app.as_(self.sara)

    def as_role(self, role: str, tenant_id: UUID | None = None) -> Client:
        return self.app.sign_in(role, tenant_id=tenant_id)

    # What the neighbours tell

    async def deliver(self, data: EventData, **facts: Any) -> None:
        """Handles an event as the consumer does, inbox included. `facts` are its subject and correlation."""
        await self.app.deliver(data, **facts)

    async def introduce_sender(self, **changes: Any) -> None:
        legal = LegalIdentity.model_validate(SENDER | changes)
        await self.deliver(
            TenantChanged(tenant_id=self.tenant_id, slug="aurora", legal=legal), subject=self.tenant_id
        )

    async def confirm_order(
        self,
        *,
        quantities: tuple[str, ...] = ("100",),
        deliveries: dict[str, str] | None = None,
        brief_id: UUID | None = None,
        with_brief: bool = True,
        completed: bool = True,
        description: str = "Espositore da banco",
        number: str = "O-2026-0001",
    ) -> Order:
        """A job a quantity; the same deliveries for each (all of it to MI-DUOMO when none are named)."""
        brief = (brief_id or uuid4()) if with_brief else None
        order = Order(uuid4(), brief, [uuid4() for _ in quantities])
        lines = [
            OrderLine(
                job_id=job_id,
                item_id=uuid4(),
                kind="espositore",
                description=f"{description} {number}",
                quantity=quantity,
                unit="pz",
                deliveries=[
                    OrderDelivery(destination=destination, quantity=part)
                    for destination, part in (
                        {"MI-DUOMO": quantity} if deliveries is None else deliveries
                    ).items()
                ],
            )
            for number, (job_id, quantity) in enumerate(zip(order.jobs, quantities, strict=True), 1)
        ]
        await self.deliver(
            OrderConfirmed(
                order_id=order.order_id,
                number=number,
                brief_id=brief,
                customer=None,
                deadline=date(2027, 1, 31),
                lines=lines,
            ),
            subject=order.order_id,
            correlation_id=brief,
        )
        if completed:
            for job_id, quantity in zip(order.jobs, quantities, strict=True):
                await self.complete_job(order, job_id, quantity)
        return order

    async def confirm_from_stock(self, article_id: str, quantity: str) -> Order:
        """So much of an article for MI-DUOMO, told twice."""
        order = Order(uuid4(), None, [uuid4()])
        line = OrderLine(
            job_id=order.jobs[0],
            item_id=None,
            kind="ESP-BANCO",
            description="Espositore da banco",
            quantity=quantity,
            unit="pz",
            deliveries=[OrderDelivery(destination="MI-DUOMO", quantity=quantity)],
            article_id=UUID(article_id),
        )
        confirmed = OrderConfirmed(
            order_id=order.order_id,
            number="O-2026-0007",
            brief_id=None,
            customer=None,
            deadline=date(2027, 1, 31),
            lines=[line],
        )
        for _ in range(2):
            await self.deliver(confirmed, subject=order.order_id)
        return order

    async def supply(self, warehouse: str, quantity: str) -> None:
        """So many displays come into the warehouse, under a document of their own."""
        body = {
            "supplier": "MI-DUOMO",
            "number": f"{warehouse}/{uuid4().hex[:8]}",
            "date": "2026-11-23",
            "warehouse": warehouse,
            "lines": [{"article": "ESP-BANCO", "quantity": quantity}],
        }
        response, problem = await self.client.post("/v1/supplier-receipts", body)
        assert response.status == 201, problem

    async def complete_job(self, order: Order, job_id: UUID, quantity: str) -> None:
        await self.deliver(
            JobCompleted(
                job_id=job_id,
                order_id=order.order_id,
                brief_id=order.brief_id,
                quantity=quantity,
                unit="pz",
            ),
            subject=job_id,
            correlation_id=order.brief_id,
        )

    async def finish_part(self, order: Order, job_id: UUID, quantity: str) -> None:
        """So much of a job that goes on."""
        part = JobPartCompleted(
            job_id=job_id, order_id=order.order_id, brief_id=order.brief_id, quantity=quantity, unit="pz"
        )
        await self.deliver(part, subject=job_id, correlation_id=order.brief_id)

    async def cancel_brief(self, brief_id: UUID | None) -> None:
        assert brief_id is not None
        await self.deliver(
            BriefCancelled(brief_id=brief_id, reason="Campagna sospesa", from_state="in_production"),
            subject=brief_id,
        )

    # What people do

    async def furnish(self) -> None:
        """Sender, warehouse, destinations and carrier."""
        await self.introduce_sender()
        for path, body in (
            ("warehouses/BO1", WAREHOUSE),
            ("destinations/MI-DUOMO", DESTINATION),
            ("destinations/RM-TERMINI", DESTINATION),
            ("carriers/APPENNINO", CARRIER),
        ):
            response, problem = await self.client.put(f"/v1/{path}", body)
            assert response.status == 200, problem

    async def receive(self, job_id: UUID, quantity: str = "100") -> None:
        body = {"warehouse": "BO1", "job_id": str(job_id), "quantity": quantity}
        response, problem = await self.client.post("/v1/receipts", body)
        assert response.status == 201, problem

    def shipment_body(self, order: Order, quantity: str = "100", **changes: Any) -> dict[str, Any]:
        whole = {
            "order_id": str(order.order_id),
            "document_type": "vendita",
            "warehouse": "BO1",
            "destination": "MI-DUOMO",
            "lines": [{"job_id": str(job_id), "quantity": quantity} for job_id in order.jobs],
        }
        body = whole | TRANSPORT | changes
        return {name: value for name, value in body.items() if value is not None}

    async def draft(self, order: Order, quantity: str = "100", **changes: Any) -> dict[str, Any]:
        response, shipment = await self.client.post(
            "/v1/shipments", self.shipment_body(order, quantity, **changes)
        )
        assert response.status == 201, shipment
        return shipment

    async def act(self, shipment: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
        """One step that must succeed."""
        response, after = await self.attempt(shipment, action, **body)
        assert response.status == 200, after
        return after

    async def attempt(self, shipment: dict[str, Any], action: str, **body: Any) -> tuple[Any, Any]:
        path = f"/v1/shipments/{shipment['id']}/{action}"
        return await (self.client.post(path) if action == "picking" else self.client.post(path, body))

    async def picked(self, order: Order, quantity: str = "100", **changes: Any) -> dict[str, Any]:
        return await self.act(await self.draft(order, quantity, **changes), "picking")

    async def stocked_order(self, **options: Any) -> Order:
        """An order whose goods are all in the warehouse."""
        order = await self.confirm_order(**options)
        quantities = options.get("quantities", ("100",))
        for job_id, quantity in zip(order.jobs, quantities, strict=True):
            await self.receive(job_id, quantity)
        return order

    async def stock(self) -> dict[str, tuple[str, str, str]]:
        """On hand, reserved and free by job."""
        _, page = await self.client.get("/v1/stock")
        return {row["job_id"]: (row["on_hand"], row["reserved"], row["free"]) for row in page["items"]}

    async def work(self) -> int:
        """Runs every job that is due."""
        return await self.app.run_due_jobs()


_NOWHERE = ServiceDatabase(
    "", "logistics", "", dict.fromkeys(("owner", "rw", "ro", "backbone"), "postgresql://unused")
)
SERVICE = service(settings_for(_NOWHERE, Settings))
"""Each harness opens it on a database of its own."""


@pytest.fixture(scope="session", autouse=True)
def _printer() -> Any:
    yield
    SERVICE.close_resources()


@pytest.fixture
async def open_depot(database_for: Callable[[str], Awaitable[ServiceDatabase]]) -> Callable[..., Any]:
    stored = await database_for("logistics")

    @asynccontextmanager
    async def open_(pool_size: int = 4) -> AsyncIterator[Depot]:
        clock = FixedClock(NOW)
        async with ServiceHarness.serve(SERVICE, stored, clock=clock, pool_size=pool_size) as app:
            yield Depot(app, stored, clock)

    return open_


@pytest.fixture
async def depot(open_depot: Callable[..., Any]) -> AsyncIterator[Depot]:
    """Furnished, and open."""
    async with open_depot() as opened:
        await opened.furnish()
        yield opened
