"""Look up shipments and their transport documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent, WrongState

from ...domain.ddt import Document, advisable
from ...domain.document_types import DocumentType, GoodsGoTo
from ...domain.lookups import Carrier, Destination, Warehouse
from ...domain.orders import CarriedGoods
from ...domain.places import Pick
from ...domain.shipments import MOST_LABELS, OPEN, DeliveryProof, State
from ..days import today_of
from ..ports import (
    DdtNumber,
    DeliveryProofRow,
    Ports,
    ReturnRow,
    ShipmentFilter,
    ShipmentRow,
    ThirdPartyRow,
    UnderWay,
)
from .access import actions_on_shipment
from .lookups import named
from .views import (
    AwayDocumentView,
    CompanionView,
    DdtView,
    DeliveryProofView,
    LineView,
    NamedCodeView,
    PicksView,
    PickView,
    ReturnedLineView,
    ReturnView,
    ShipmentsUnderWayView,
    ShipmentView,
    ThirdPartyGoodsView,
    UnderWayView,
)


async def read_shipment(ports: Ports, actor: Actor, shipment_id: UUID) -> ShipmentView:
    return show_shipment(actor, await _found(ports, shipment_id))


async def list_shipments(
    ports: Ports, actor: Actor, query: PageQuery, filters: ShipmentFilter
) -> Page[ShipmentView]:
    """List shipments, newest first."""
    found = await ports.shipments.list_shipments(filters, before=query.after(UUID), limit=query.rows)
    return page_of(query, found, lambda row: show_shipment(actor, row), lambda row: row.shipment.shipment_id)


async def count_under_way(ports: Ports) -> ShipmentsUnderWayView:
    found = {each.state: each for each in await ports.shipments.count_under_way(await today_of(ports))}
    return ShipmentsUnderWayView(
        states=[
            UnderWayView(state=state, shipments=each.shipments, late=each.late)
            for state in (State.DRAFT, State.PICKED, State.ISSUED, State.IN_TRANSIT)
            if (each := found.get(state, UnderWay(state, 0, 0)))
        ]
    )


async def list_expected_back(
    ports: Ports, actor: Actor, query: PageQuery, until: date | None
) -> Page[ShipmentView]:
    """List shipments whose goods are expected back, the earliest first."""
    found = await ports.shipments.list_expected_back(until, after=query.after(date, UUID), limit=query.rows)
    return page_of(
        query,
        found,
        lambda row: show_shipment(actor, row),
        lambda row: (row.shipment.return_by or date.max, row.shipment.shipment_id),
    )


async def list_with_third_parties(
    ports: Ports, query: PageQuery, destination: str | None, document_type: str | None
) -> Page[ThirdPartyGoodsView]:
    """List goods at third parties by destination, document type and goods."""
    found = await ports.shipments.list_with_third_parties(
        destination, document_type, after=query.after(str, str, UUID), limit=query.rows
    )
    return page_of(
        query, found, _with_third_party, lambda row: (row.destination, row.document_type, row.job_id)
    )


def _with_third_party(row: ThirdPartyRow) -> ThirdPartyGoodsView:
    return ThirdPartyGoodsView(
        destination=named(row.lookups, Destination, row.destination),
        document_type=named(row.lookups, DocumentType, row.document_type),
        job_id=row.job_id,
        code=row.goods.code,
        description=row.goods.description,
        unit=row.goods.unit,
        quantity=row.quantity,
        in_transit=row.in_transit,
        since=row.since,
        return_by=row.return_by,
        documents=[
            AwayDocumentView(shipment_id=shipment_id, number=number, quantity=quantity)
            for shipment_id, number, quantity in row.documents
        ],
    )


async def read_picks(ports: Ports, shipment_id: UUID) -> PicksView:
    """Return the locations and lots that the shipment's goods come from, or came from once they have left."""
    row = await ports.shipments.find_shipment(shipment_id)
    if row is None:
        raise Absent("shipment_absent")
    return PicksView(picks=[_pick(row, pick) for pick in await picks_of(ports, row)])


async def picks_of(ports: Ports, row: ShipmentRow) -> Sequence[Pick]:
    """Return the chosen picks and, while the shipment has no document, proposals for the rest."""
    shipment = row.shipment
    if shipment.state not in OPEN:
        return shipment.picks
    goods = await ports.orders.sum_goods(shipment.jobs)
    return shipment.picks_to_make(goods, await today_of(ports))


def _pick(row: ShipmentRow, pick: Pick) -> PickView:
    goods = row.goods[pick.job_id]
    return PickView(
        job_id=pick.job_id,
        code=goods.code,
        description=goods.description,
        location=pick.location or None,
        lot=pick.lot or None,
        expires_on=pick.expires_on,
        quantity=pick.quantity,
        unit=goods.unit,
        proposed=row.shipment.state in OPEN and pick not in row.shipment.picks,
    )


async def list_proofs(ports: Ports, shipment_id: UUID, query: PageQuery) -> Page[DeliveryProofView]:
    """List the proofs of a delivery, newest first."""
    document_id = (await _found(ports, shipment_id)).shipment.document_id
    found = await ports.shipments.list_proofs(document_id, before=query.after(UUID), limit=query.rows)
    names = await ports.directory.names(row.recorded_by for row in found)
    return page_of(query, found, lambda row: show_proof(row, names), lambda row: row.proof.proof_id)


def show_proof(row: DeliveryProofRow, names: Mapping[UUID, str]) -> DeliveryProofView:
    proof = row.proof
    return DeliveryProofView(
        id=proof.proof_id,
        shipment_id=proof.shipment_id,
        name=proof.name,
        media_type=proof.media_type,
        size=proof.size,
        sha256=proof.sha256,
        recorded_at=row.recorded_at,
        recorded_by=PersonView.of(row.recorded_by, names),
    )


async def read_proof(ports: Ports, shipment_id: UUID, proof_id: UUID) -> tuple[DeliveryProof, bytes]:
    """Return a proof with its file. Raises Absent if there is none."""
    document_id = (await _found(ports, shipment_id)).shipment.document_id
    found = await ports.shipments.find_proof(document_id, proof_id)
    if found is None:
        raise Absent("proof_absent")
    return found


async def list_returns(ports: Ports, shipment_id: UUID, query: PageQuery) -> Page[ReturnView]:
    """List the returns of a shipment, newest first."""
    goods = (await _found(ports, shipment_id)).goods
    found = await ports.shipments.list_returns(shipment_id, before=query.after(UUID), limit=query.rows)
    names = await ports.directory.names(row.recorded_by for row in found)
    return page_of(query, found, lambda row: _return(row, goods, names), lambda row: row.returned.return_id)


def _return(row: ReturnRow, goods: Mapping[UUID, CarriedGoods], names: Mapping[UUID, str]) -> ReturnView:
    returned, by = row.returned, row.recorded_by
    return ReturnView(
        id=returned.return_id,
        shipment_id=returned.shipment_id,
        document_type=named(row.lookups, DocumentType, returned.document_type),
        warehouse=named(row.lookups, Warehouse, returned.warehouse),
        number=returned.number,
        date=returned.date,
        reason=returned.reason,
        lines=[
            ReturnedLineView(
                job_id=line.job_id,
                description=goods[line.job_id].description,
                quantity=line.quantity,
                unit=goods[line.job_id].unit,
                disposition=line.disposition,
                location=line.location or None,
                lot=line.lot or None,
            )
            for line in returned.lines
        ],
        recorded_at=row.recorded_at,
        recorded_by=PersonView(id=by, name=names.get(by)) if by else None,
    )


@dataclass(frozen=True, slots=True)
class PrintableDdt:
    """A document whose PDF is stored, or its content to be printed."""

    document_id: UUID
    ddt: DdtNumber
    pdf: bytes | None
    document: Document | None
    """None if there is a `pdf`."""
    voided_because: str | None


async def read_ddt(ports: Ports, shipment_id: UUID) -> PrintableDdt:
    return await printable(ports, await _found(ports, shipment_id))


async def printable(ports: Ports, row: ShipmentRow) -> PrintableDdt:
    """Return what is to be printed. A voided document is printed again each time, because the stored PDF does
    not say that it is void."""
    if row.ddt is None:
        raise Absent("ddt_not_issued")
    voided = row.shipment.ended_because if row.shipment.state is State.VOIDED else None
    document_id = row.shipment.document_id
    pdf = None if voided else await ports.ddts.find_pdf(document_id)
    document = None if pdf else await ports.ddts.find_document(document_id)
    return PrintableDdt(document_id, row.ddt, pdf, document, voided)


async def read_document(ports: Ports, shipment_id: UUID) -> tuple[str, Document]:
    """Return the document's number and content. Raises WrongState if it is void: it then describes no
    transport."""
    row = await _found(ports, shipment_id)
    document = await ports.ddts.find_document(row.shipment.document_id)
    if row.ddt is None or document is None:
        raise Absent("ddt_not_issued")
    if row.shipment.state is State.VOIDED:
        raise WrongState("despatch_voided")
    return row.ddt.number, document


async def _found(ports: Ports, shipment_id: UUID) -> ShipmentRow:
    row = await ports.shipments.find_shipment(shipment_id)
    if row is None:
        raise Absent("shipment_absent")
    return row


def show_shipment(actor: Actor, row: ShipmentRow) -> ShipmentView:
    """Show a shipment that was already read, as this actor sees it."""
    shipment, transport = row.shipment, row.shipment.transport

    def code(kind: type[Any], value: str | None) -> NamedCodeView | None:
        return named(row.lookups, kind, value) if value else None

    return ShipmentView(
        id=shipment.shipment_id,
        state=shipment.state,
        version=shipment.version,
        order_id=None if shipment.from_stock else shipment.order_id,
        order_number=row.order_number or None,
        brief_id=shipment.brief_id,
        document_type=code(DocumentType, shipment.document_type),
        closes_order_line=shipment.closes_order_line,
        goods_go_to=shipment.goods_go_to,
        warehouse=named(row.lookups, Warehouse, shipment.warehouse),
        destination=named(
            row.lookups,
            Warehouse if shipment.goods_go_to is GoodsGoTo.WAREHOUSE else Destination,
            shipment.destination,
        ),
        lines=[
            LineView(
                job_id=line.job_id,
                article_code=row.goods[line.job_id].code if shipment.from_stock else None,
                description=row.goods[line.job_id].description,
                quantity=line.quantity,
                came_back=line.came_back or None,
                returned=line.returned or None,
                unit=row.goods[line.job_id].unit,
            )
            for line in shipment.lines
        ],
        transport_by=transport.by,
        carrier=code(Carrier, transport.carrier),
        freight=transport.freight,
        appearance=transport.appearance,
        packages=transport.packages,
        labels_at_once=MOST_LABELS,
        gross_weight_kg=transport.gross_weight_kg,
        net_weight_kg=transport.net_weight_kg,
        customer_reference=transport.customer_reference,
        starts_at=transport.starts_at,
        notes=transport.notes,
        return_by=shipment.return_by,
        ddt=_ddt(row.ddt) if row.ddt else None,
        advisable=advisable(shipment),
        drafted_at=row.drafted_at,
        departed_at=shipment.departed_at,
        delivered_at=shipment.delivered_at,
        received_by=shipment.received_by,
        proofs=row.proofs,
        ended_because=shipment.ended_because,
        replaces_id=shipment.replaces,
        replaced_by_id=shipment.replaced_by,
        companions=[
            CompanionView(
                shipment_id=each.shipment_id,
                order_id=each.order_id,
                order_number=each.order_number,
                state=each.state,
            )
            for each in row.companions
        ],
        actions=actions_on_shipment(actor, row),
    )


def _ddt(ddt: DdtNumber) -> DdtView:
    return DdtView(
        number=ddt.number,
        progressive=ddt.progressive,
        series=ddt.series,
        year=ddt.year,
        issue_date=ddt.issue_date,
        issued_at=ddt.issued_at,
        **asdict(ddt.invoicing),
    )
