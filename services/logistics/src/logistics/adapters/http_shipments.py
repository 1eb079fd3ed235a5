"""Endpoints of shipments and their transport documents."""

from __future__ import annotations

from uuid import UUID

from optima_kit.file_names import BEGINNINGS
from optima_kit.http import Call, Content, Created, Page, PageQuery, Reply, Routes

from ..application.arrange_transport import arrange_transport
from ..application.cancel_shipment import cancel_shipment
from ..application.days import today_of
from ..application.draft_shipment import draft_shipment
from ..application.issue_ddt import issue_ddt
from ..application.pick_shipment import name_picks, pick_shipment
from ..application.ports import Ports, ShipmentRow
from ..application.prove_delivery import prove_delivery
from ..application.read import shipments
from ..application.read.views import (
    DeliveryProofView,
    PicksView,
    ReturnView,
    ShipmentView,
    ThirdPartyGoodsView,
)
from ..application.record_delivery import record_delivery
from ..application.record_departure import record_departure
from ..application.record_refusal import record_refusal
from ..application.revise_shipment import revise_shipment
from ..application.take_back import take_back as taking_back
from ..application.void_ddt import void_ddt
from ..domain.shipments import MAX_PROOF_BYTES
from .despatch_advice import despatch_advice
from .postgres import ports
from .requests import (
    ArrangeTransport,
    DeliveryProofQuery,
    DraftShipment,
    ExpectedReturnsQuery,
    IssueDdt,
    NamePicks,
    RecordDelivery,
    RecordDeparture,
    ReviseShipment,
    ShipmentsQuery,
    TakeBack,
    ThirdPartyGoodsQuery,
    VoidDdt,
    WithReason,
)

routes = Routes()


def _shown(call: Call[Ports], row: ShipmentRow, location: str | None = None) -> Reply[ShipmentView]:
    view = shipments.show_shipment(call.actor, row)
    return Reply(view, version=view.version, location=location)


@routes.post("/v1/shipments", privilege="shipment.write", status=201, acts_on={"/v1/stock": "ship"})
async def draft(call: Call[Ports], body: DraftShipment) -> Reply[ShipmentView]:
    """Draft a shipment, which reserves its goods

    It can take at most what is free in the warehouse. If its document type delivers the order, it can also
    take no more than remains to be shipped to the destination.
    """
    row = await draft_shipment(
        call.ports,
        order_id=body.order_id,
        document_type=body.document_type,
        warehouse=body.warehouse,
        destination=body.destination,
        lines=body.goods(),
        transport=body.transport(),
        replaces=body.replaces_id,
        travels_with=body.travels_with_id,
    )
    return _shown(call, row, location=f"/v1/shipments/{row.shipment.shipment_id}")


@routes.get("/v1/shipments", privilege="shipment.read")
async def list_shipments(call: Call[Ports], query: ShipmentsQuery) -> Page[ShipmentView]:
    """List shipments, newest first"""
    filters = query.filters(await today_of(call.ports))
    return await shipments.list_shipments(call.ports, call.actor, query, filters)


@routes.get("/v1/expected-returns", privilege="shipment.read")
async def list_expected_returns(call: Call[Ports], query: ExpectedReturnsQuery) -> Page[ShipmentView]:
    """List shipments whose goods are expected back, the earliest first

    The day follows from the document type at the issue. Shipments of which everything is back are left out.
    """
    return await shipments.list_expected_back(call.ports, call.actor, query, query.until)


@routes.get("/v1/goods-with-third-parties", privilege="shipment.read")
async def list_with_third_parties(
    call: Call[Ports], query: ThirdPartyGoodsQuery
) -> Page[ThirdPartyGoodsView]:
    """List the tenant's goods that are with others, by destination and document type

    These are goods on loan, on show, or with a supplier who works on them (conto lavorazione): goods that
    left under a valid document and are not back.
    """
    return await shipments.list_with_third_parties(call.ports, query, query.destination, query.document_type)


@routes.get("/v1/shipments/{shipment_id}", privilege="shipment.read")
async def read(call: Call[Ports], shipment_id: UUID) -> Reply[ShipmentView]:
    """Read a shipment"""
    view = await shipments.read_shipment(call.ports, call.actor, shipment_id)
    return Reply(view, version=view.version)


@routes.put("/v1/shipments/{shipment_id}/transport", privilege="shipment.write", if_match="required")
async def arrange(call: Call[Ports], shipment_id: UUID, body: ArrangeTransport) -> Reply[ShipmentView]:
    """Replace the transport details of a shipment, until its document is issued"""
    return _shown(
        call, await arrange_transport(call.ports, shipment_id, call.required_version, body.transport())
    )


@routes.put("/v1/shipments/{shipment_id}/content", privilege="shipment.write", if_match="required")
async def revise(call: Call[Ports], shipment_id: UUID, body: ReviseShipment) -> Reply[ShipmentView]:
    """Replace what a shipment carries, from where and where to, until its document is issued

    Goods that were picked have to be picked again.
    """
    revised = await revise_shipment(
        call.ports,
        shipment_id,
        call.required_version,
        document_type=body.document_type,
        warehouse=body.warehouse,
        destination=body.destination,
        lines=body.goods(),
    )
    return _shown(call, revised)


@routes.post("/v1/shipments/{shipment_id}/picking", privilege="shipment.write", if_match="optional")
async def pick(call: Call[Ports], shipment_id: UUID) -> Reply[ShipmentView]:
    """Record that a shipment's goods have been gathered"""
    return _shown(call, await pick_shipment(call.ports, shipment_id, call.expected_version))


@routes.get("/v1/shipments/{shipment_id}/picks", privilege="shipment.read")
async def read_picks(call: Call[Ports], shipment_id: UUID) -> PicksView:
    """Read from which locations and lots the goods of a shipment come

    Until the document is issued, proposals are added to the picks that people named: goods that expire first
    and have not expired.
    """
    return await shipments.read_picks(call.ports, shipment_id)


@routes.put("/v1/shipments/{shipment_id}/picks", privilege="shipment.write", if_match="optional")
async def name(call: Call[Ports], shipment_id: UUID, body: NamePicks) -> Reply[ShipmentView]:
    """Name the locations and lots that the goods of a shipment come from

    They replace those that were named before and stay reserved for the shipment. Goods that are not named are
    taken as proposed when the document is issued.
    """
    picks = [each.pick() for each in body.picks]
    return _shown(call, await name_picks(call.ports, shipment_id, call.expected_version, picks))


@routes.post("/v1/shipments/{shipment_id}/issuance", privilege="ddt.issue", if_match="optional")
async def issue(call: Call[Ports], shipment_id: UUID, body: IssueDdt) -> Reply[ShipmentView]:
    """Issue the DDT of a shipment

    The DDT takes the next number of its year and series and is frozen, and the goods leave the stock.
    Everything that the law requires and that is missing is listed at once.
    """
    issued = await issue_ddt(
        call.ports,
        shipment_id,
        call.expected_version,
        issue_date=body.issue_date,
        series=body.series,
    )
    return _shown(call, issued)


@routes.post("/v1/shipments/{shipment_id}/departure", privilege="shipment.write", if_match="optional")
async def depart(call: Call[Ports], shipment_id: UUID, body: RecordDeparture) -> Reply[ShipmentView]:
    """Record that a shipment's goods have departed"""
    return _shown(
        call, await record_departure(call.ports, shipment_id, call.expected_version, body.departed_at)
    )


@routes.post("/v1/shipments/{shipment_id}/delivery", privilege="shipment.write", if_match="optional")
async def deliver(call: Call[Ports], shipment_id: UUID, body: RecordDelivery) -> Reply[ShipmentView]:
    """Record that a shipment arrived, whole or in part

    Without `arrived`, everything on the DDT has arrived.
    """
    delivered = await record_delivery(
        call.ports,
        shipment_id,
        call.expected_version,
        received_by=body.received_by,
        delivered_at=body.delivered_at,
        arrived=body.found(),
        reason=body.reason,
    )
    return _shown(call, delivered)


@routes.post("/v1/shipments/{shipment_id}/refusal", privilege="shipment.write", if_match="optional")
async def refuse(call: Call[Ports], shipment_id: UUID, body: WithReason) -> Reply[ShipmentView]:
    """Record that the recipient refused a shipment: its goods return to the warehouse"""
    return _shown(call, await record_refusal(call.ports, shipment_id, call.expected_version, body.reason))


@routes.post("/v1/shipments/{shipment_id}/returns", privilege="shipment.write", if_match="optional")
async def take_back(call: Call[Ports], shipment_id: UUID, body: TakeBack) -> Reply[ShipmentView]:
    """Take back goods of a delivered shipment, from a customer or the company that worked on them

    Scrap is written off at once. What the order counts as delivered does not change.
    """
    after = await taking_back(
        call.ports,
        shipment_id,
        call.expected_version,
        document_type=body.document_type,
        warehouse=body.warehouse,
        number=body.number,
        on=body.date,
        reason=body.reason,
        lines=body.returned(),
        hold_reason=body.hold_reason,
    )
    return _shown(call, after)


@routes.post(
    "/v1/shipments/{shipment_id}/delivery-proofs",
    privilege="shipment.write",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MAX_PROOF_BYTES,
)
async def prove(
    call: Call[Ports], shipment_id: UUID, query: DeliveryProofQuery, body: bytes
) -> Created[DeliveryProofView]:
    """Store a photo or signature that proves a delivery: PDF, PNG or JPEG, at most 10 MiB

    The shipment must have been delivered. If it travelled with others, the file proves their delivery too.
    """
    row = await prove_delivery(
        call.ports, call.actor, shipment_id, name=query.name, media_type=call.media_type, data=body
    )
    view = shipments.show_proof(row, {call.actor.person_id: call.actor.name})
    return Created(view, f"/v1/shipments/{shipment_id}/delivery-proofs/{view.id}")


@routes.get("/v1/shipments/{shipment_id}/delivery-proofs", privilege="shipment.read")
async def list_proofs(call: Call[Ports], shipment_id: UUID, query: PageQuery) -> Page[DeliveryProofView]:
    """List the files that prove a delivery, newest first"""
    return await shipments.list_proofs(call.ports, shipment_id, query)


@routes.get("/v1/shipments/{shipment_id}/delivery-proofs/{proof_id}", privilege="shipment.read")
async def download_proof(call: Call[Ports], shipment_id: UUID, proof_id: UUID) -> Content:
    """Download a file that proves a delivery"""
    proof, data = await shipments.read_proof(call.ports, shipment_id, proof_id)
    return Content(data, proof.media_type, proof.name)


@routes.get("/v1/shipments/{shipment_id}/returns", privilege="shipment.read")
async def list_returns(call: Call[Ports], shipment_id: UUID, query: PageQuery) -> Page[ReturnView]:
    """List what came back of a shipment, newest first"""
    return await shipments.list_returns(call.ports, shipment_id, query)


@routes.post("/v1/shipments/{shipment_id}/voiding", privilege="ddt.issue", if_match="optional")
async def void(call: Call[Ports], shipment_id: UUID, body: VoidDdt) -> Reply[ShipmentView]:
    """Void the DDT of a shipment that has not departed: its goods return to the warehouse

    If the shipment has departed, its goods have to come back: record its refusal. An issued document is never
    edited. Its number stays used; with `reissue` a new draft takes its place.
    """
    voided = await void_ddt(
        call.ports, shipment_id, call.expected_version, reason=body.reason, reissue=body.reissue
    )
    return _shown(call, voided)


@routes.post("/v1/shipments/{shipment_id}/cancellation", privilege="shipment.write", if_match="optional")
async def cancel(call: Call[Ports], shipment_id: UUID, body: WithReason) -> Reply[ShipmentView]:
    """Cancel a shipment that has no document yet: its goods are free again"""
    return _shown(call, await cancel_shipment(call.ports, shipment_id, call.expected_version, body.reason))


@routes.get("/v1/shipments/{shipment_id}/despatch-advice.xml", privilege="shipment.read")
async def read_despatch_advice(call: Call[Ports], shipment_id: UUID) -> Content:
    """Read the DDT of a shipment as XML: UBL 2.1 DespatchAdvice, as AgID requires

    It must state more than the law requires of paper: also the number of packages and the gross weight. What
    is missing is listed at once. The PDF contains the same XML.
    """
    number, document = await shipments.read_document(call.ports, shipment_id)
    xml = despatch_advice(document)
    return Content(xml, "application/xml", f"DDT {number.replace('/', '-')}.xml")


@routes.get("/v1/shipments/{shipment_id}/ddt.pdf", privilege="shipment.read", transaction=False)
async def read_ddt(call: Call[Ports], shipment_id: UUID) -> Content:
    """Read the DDT of a shipment as PDF/A-3b

    The PDF is made from the frozen document: the same bytes every time. A voided document says so across
    every page.
    """
    tenant_id = call.actor.tenant_id
    async with call.database.reading(tenant_id, now=call.now) as work:
        found = await shipments.read_ddt(ports(work), shipment_id)
    return await sheet_of(call, found)


async def sheet_of(call: Call[Ports], found: shipments.PrintableDdt) -> Content:
    tenant_id, pdf = call.actor.tenant_id, found.pdf
    if pdf is None:
        # Typeset outside a transaction, so that no connection is held meanwhile.
        voided = found.voided_because
        pdf = await call.resources.print(tenant_id, found.document, voided_because=voided)
        if voided is None:
            async with call.database.transaction(tenant_id, call.cause) as work:
                ports(work).ddts.insert_pdf(found.document_id, pdf, call.now)
    return Content(pdf, "application/pdf", f"DDT {found.ddt.number.replace('/', '-')}.pdf", inline=True)
