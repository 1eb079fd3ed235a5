"""Endpoints of shipments and their transport documents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from optima_kit.http import (
    Call,
    Code,
    Command,
    Content,
    Count,
    Day,
    Flag,
    Moment,
    Page,
    PageQuery,
    Reply,
    Routes,
    Text,
    View,
    page_of,
)
from optima_kit.refusals import Absent

from ..application.arrange_transport import arrange_transport
from ..application.cancel_shipment import cancel_shipment
from ..application.draft_shipment import draft_shipment
from ..application.issue_ddt import issue_ddt
from ..application.pick_shipment import pick_shipment
from ..application.ports import Ports, ShipmentFilter, ShipmentRow
from ..application.record_delivery import record_delivery
from ..application.record_departure import record_departure
from ..application.record_refusal import record_refusal
from ..application.void_ddt import void_ddt
from ..domain.ddt import advisable
from ..domain.shipments import Freight, Line, State, Transport, TransportBy
from ..domain.stock import written
from .postgres import ports

routes = Routes()


class TransportFields(Command):
    """How the goods travel. What is missing may be added until the document is issued."""

    transport_reason: Code | None = None
    """Causale: a code of /v1/transport-reasons."""
    transport_by: TransportBy | None = None
    carrier: Code | None = None
    """Vettore: a code of /v1/carriers."""
    freight: Freight | None = None
    """Porto."""
    appearance: Annotated[str, Text(80)] | None = None
    """Aspetto esteriore dei beni: scatole, bancali, sfuso …"""
    packages: Annotated[int, Field(gt=0, le=100_000)] | None = None
    """Colli."""
    gross_weight_kg: Count | None = None
    notes: Annotated[str, Text(500)] | None = None

    def transport(self) -> Transport:
        return Transport(
            reason=self.transport_reason,
            by=self.transport_by,
            carrier=self.carrier,
            freight=self.freight,
            appearance=self.appearance,
            packages=self.packages,
            gross_weight_kg=self.gross_weight_kg,
            notes=self.notes,
        )


class LineFields(Command):
    job_id: UUID
    quantity: Count


class DraftShipment(TransportFields):
    order_id: UUID
    warehouse: Code
    destination: Code
    lines: Annotated[list[LineFields], Field(min_length=1, max_length=200)]


class IssueDdt(Command):
    issue_date: Day | None = None
    """Today, in the sender's time zone, when absent."""
    series: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$")] | None = None
    """The ordinary series when absent."""


class Depart(Command):
    departed_at: Moment | None = None
    """Now when absent."""


class Deliver(Command):
    received_by: Annotated[str, Text(150)]
    delivered_at: Moment | None = None
    """Now when absent."""


class Reason(Command):
    reason: Annotated[str, Text(500)]


class VoidDdt(Reason):
    reissue: Flag
    """Draft the same shipment anew, to be corrected and issued under a new number."""


class ShipmentQuery(PageQuery):
    state: State | None = None
    order_id: UUID | None = None
    brief_id: UUID | None = None
    warehouse: Code | None = None
    destination: Code | None = None
    issued_from: Day | None = None
    issued_to: Day | None = None
    """Inclusive."""
    number: Annotated[str, Text(20)] | None = None


class LineView(View):
    job_id: UUID
    description: str
    quantity: str
    unit: str


class DdtView(View):
    number: str
    progressive: int
    series: str
    year: int
    issue_date: date
    issued_at: datetime


class ShipmentView(View):
    shipment_id: UUID
    state: State
    version: int
    order_id: UUID
    order_number: str
    brief_id: UUID | None = None
    warehouse: str
    destination: str
    lines: list[LineView]
    transport_reason: str | None = None
    transport_by: TransportBy | None = None
    carrier: str | None = None
    freight: Freight | None = None
    appearance: str | None = None
    packages: int | None = None
    gross_weight_kg: str | None = None
    notes: str | None = None
    ddt: DdtView | None = None
    """Absent until issued."""
    advisable: list[str]
    """Fields that no law demands, but that recipients and carriers expect."""
    drafted_at: datetime
    departed_at: datetime | None = None
    delivered_at: datetime | None = None
    received_by: str | None = None
    ended_because: str | None = None
    """Why it was refused, voided or cancelled."""
    replaces: UUID | None = None
    replaced_by: UUID | None = None


@routes.post("/v1/shipments", privilege="shipment.write", status=201, summary="Draft a shipment")
async def draft(call: Call[Ports], body: DraftShipment) -> Reply[ShipmentView]:
    """Reserves the goods: at most what remains for the destination and is free in the warehouse."""
    shipment = await draft_shipment(
        call.ports,
        order_id=body.order_id,
        warehouse=body.warehouse,
        destination=body.destination,
        lines=[Line(line.job_id, line.quantity) for line in body.lines],
        transport=body.transport(),
    )
    return _reply(shipment, created=True)


@routes.put(
    "/v1/shipments/{shipment_id}/transport",
    privilege="shipment.write",
    if_match=True,
    summary="Say how a shipment travels",
)
async def arrange(call: Call[Ports], shipment_id: UUID, body: TransportFields) -> Reply[ShipmentView]:
    """Replaces all of it. Possible until the document is issued."""
    version = call.required_version
    return _reply(await arrange_transport(call.ports, shipment_id, version, body.transport()))


@routes.post(
    "/v1/shipments/{shipment_id}/picking", privilege="shipment.write", summary="Goods are brought together"
)
async def pick(call: Call[Ports], shipment_id: UUID) -> Reply[ShipmentView]:
    return _reply(await pick_shipment(call.ports, shipment_id, call.expected_version))


@routes.post("/v1/shipments/{shipment_id}/issue", privilege="ddt.issue", summary="Issue the DDT")
async def issue(call: Call[Ports], shipment_id: UUID, body: IssueDdt) -> Reply[ShipmentView]:
    """Takes the next number of the year and series, freezes the document, and the goods leave the stock.

    Everything that the law demands and that is missing is listed at once.
    """
    issued = await issue_ddt(
        call.ports,
        shipment_id,
        call.expected_version,
        issue_date=body.issue_date,
        series=body.series or "",
    )
    return _reply(issued)


@routes.post(
    "/v1/shipments/{shipment_id}/departure", privilege="shipment.write", summary="Goods have departed"
)
async def depart(call: Call[Ports], shipment_id: UUID, body: Depart) -> Reply[ShipmentView]:
    departed = await record_departure(call.ports, shipment_id, call.expected_version, body.departed_at)
    return _reply(departed)


@routes.post(
    "/v1/shipments/{shipment_id}/delivery", privilege="shipment.write", summary="Goods are delivered"
)
async def deliver(call: Call[Ports], shipment_id: UUID, body: Deliver) -> Reply[ShipmentView]:
    delivered = await record_delivery(
        call.ports,
        shipment_id,
        call.expected_version,
        received_by=body.received_by,
        delivered_at=body.delivered_at,
    )
    return _reply(delivered)


@routes.post("/v1/shipments/{shipment_id}/refusal", privilege="shipment.write", summary="Goods are refused")
async def refuse(call: Call[Ports], shipment_id: UUID, body: Reason) -> Reply[ShipmentView]:
    """The recipient did not take them: they come back to the warehouse."""
    refused = await record_refusal(call.ports, shipment_id, call.expected_version, body.reason)
    return _reply(refused)


@routes.post("/v1/shipments/{shipment_id}/void", privilege="ddt.issue", summary="Void the DDT")
async def void(call: Call[Ports], shipment_id: UUID, body: VoidDdt) -> Reply[ShipmentView]:
    """An issued document is never edited. The number stays used, the goods come back, and with `reissue`
    a new draft takes its place."""
    voided = await void_ddt(
        call.ports, shipment_id, call.expected_version, reason=body.reason, reissue=body.reissue
    )
    return _reply(voided)


@routes.post(
    "/v1/shipments/{shipment_id}/cancellation", privilege="shipment.write", summary="Give up a shipment"
)
async def cancel(call: Call[Ports], shipment_id: UUID, body: Reason) -> Reply[ShipmentView]:
    """Possible until the document is issued. The goods are free again."""
    cancelled = await cancel_shipment(call.ports, shipment_id, call.expected_version, body.reason)
    return _reply(cancelled)


@routes.get("/v1/shipments", privilege="shipment.read", summary="List shipments")
async def list_shipments(call: Call[Ports], query: ShipmentQuery) -> Page[ShipmentView]:
    """Newest first."""
    filters = ShipmentFilter(**query.model_dump(exclude={"limit", "cursor"}))
    rows = await call.ports.shipments.page(filters, before=query.after(UUID), limit=query.rows)
    return page_of(query, rows, _view, lambda row: row.shipment.shipment_id)


@routes.get("/v1/shipments/{shipment_id}", privilege="shipment.read", summary="Read a shipment")
async def read(call: Call[Ports], shipment_id: UUID) -> Reply[ShipmentView]:
    row = await call.ports.shipments.read(shipment_id)
    return Reply(_view(row), version=row.shipment.version)


@routes.get(
    "/v1/shipments/{shipment_id}/ddt.pdf",
    privilege="shipment.read",
    transaction=False,
    summary="Read the DDT",
)
async def read_ddt(call: Call[Ports], shipment_id: UUID) -> Content:
    """PDF/A-3b, made from the frozen document: the same bytes every time. A voided one says so across
    every page."""
    tenant_id = call.actor.tenant_id
    async with call.database.reading(tenant_id, now=call.now) as work:
        read = ports(work)
        row = await read.shipments.read(shipment_id)
        voided = row.shipment.ended_because if row.shipment.state is State.VOIDED else None
        pdf = None if voided else await read.ddts.stored_pdf(shipment_id)
        document = None if pdf else await read.ddts.get(shipment_id)
    if row.ddt is None:
        raise Absent("ddt_not_issued")
    if document is not None:
        # Between transactions: nobody waits for a connection while a sheet is typeset.
        pdf = await call.resources.print(tenant_id, document, voided_because=voided)
        if not voided:
            async with call.database.transaction(tenant_id, call.cause) as work:
                ports(work).ddts.store_pdf(shipment_id, pdf, call.now)
    assert pdf is not None
    return Content(pdf, "application/pdf", f"DDT {row.ddt.number.replace('/', '-')}.pdf", inline=True)


def _reply(row: ShipmentRow, *, created: bool = False) -> Reply[ShipmentView]:
    location = f"/v1/shipments/{row.shipment.shipment_id}" if created else None
    return Reply(_view(row), version=row.shipment.version, location=location)


def _view(row: ShipmentRow) -> ShipmentView:
    shipment, transport, ddt = row.shipment, row.shipment.transport, row.ddt
    weight = transport.gross_weight_kg
    optional = {
        "brief_id": shipment.brief_id,
        "transport_reason": transport.reason,
        "transport_by": transport.by,
        "carrier": transport.carrier,
        "freight": transport.freight,
        "appearance": transport.appearance,
        "packages": transport.packages,
        "gross_weight_kg": None if weight is None else written(weight),
        "notes": transport.notes,
        "ddt": ddt
        and DdtView(
            number=ddt.number,
            progressive=ddt.progressive,
            series=ddt.series,
            year=ddt.year,
            issue_date=ddt.issue_date,
            issued_at=ddt.issued_at,
        ),
        "departed_at": shipment.departed_at,
        "delivered_at": shipment.delivered_at,
        "received_by": shipment.received_by,
        "ended_because": shipment.ended_because,
        "replaces": shipment.replaces,
        "replaced_by": shipment.replaced_by,
    }
    return ShipmentView(
        shipment_id=shipment.shipment_id,
        state=shipment.state,
        version=shipment.version,
        order_id=shipment.order_id,
        order_number=row.order_number,
        warehouse=shipment.warehouse,
        destination=shipment.destination,
        lines=[
            LineView(
                job_id=line.job_id,
                description=row.descriptions[line.job_id][0],
                quantity=written(line.quantity),
                unit=row.descriptions[line.job_id][1],
            )
            for line in shipment.lines
        ],
        advisable=advisable(shipment),
        drafted_at=row.drafted_at,
        **{name: value for name, value in optional.items() if value is not None},
    )
