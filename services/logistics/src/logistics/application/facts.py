"""Build the events that tell what happened to shipments and stock."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from optima_contracts.identity import LegalIdentity
from optima_contracts.logistics import DdtIssued, ShipmentLine, ShippedLot, StockAdjusted
from optima_contracts.quantities import quantity_text

from ..domain.ddt import Document
from ..domain.orders import CarriedGoods
from ..domain.parties import Party
from ..domain.shipments import OPEN, Shipment
from ..domain.stock import DIFFERENCES, Movement


class ShipmentFacts(TypedDict):
    """The fields that every event about a shipment has."""

    shipment_id: UUID
    order_id: UUID
    brief_id: UUID | None
    destination: str
    document_type: str | None
    closes_order_line: bool
    from_stock: bool
    lines: list[ShipmentLine]


def facts_of(shipment: Shipment, goods: Mapping[UUID, CarriedGoods]) -> ShipmentFacts:
    """Build these fields. `goods` are what the shipment carries, by job."""
    return ShipmentFacts(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        brief_id=shipment.brief_id,
        destination=shipment.destination,
        document_type=shipment.document_type,
        closes_order_line=shipment.closes_order_line,
        from_stock=shipment.from_stock,
        lines=lines_of({line.job_id: line.left for line in shipment.lines}, goods, _lots(shipment)),
    )


def _lots(shipment: Shipment) -> Mapping[UUID, list[ShippedLot]]:
    """Return the lots of each job's goods, once they have left."""
    found: dict[UUID, list[ShippedLot]] = {}
    for pick in shipment.picks if shipment.state not in OPEN else ():
        if pick.lot:
            lot = ShippedLot(lot=pick.lot, quantity=quantity_text(pick.quantity), expires_on=pick.expires_on)
            found.setdefault(pick.job_id, []).append(lot)
    return found


def lines_of(
    quantities: Mapping[UUID, Decimal],
    goods: Mapping[UUID, CarriedGoods],
    lots: Mapping[UUID, list[ShippedLot]] | None = None,
) -> list[ShipmentLine]:
    """Build a line for each job whose quantity is not zero."""
    return [
        ShipmentLine(
            job_id=job_id,
            description=goods[job_id].description,
            quantity=quantity_text(quantity),
            unit=goods[job_id].unit,
            code=goods[job_id].code,
            lots=(lots or {}).get(job_id),
        )
        for job_id, quantity in quantities.items()
        if quantity
    ]


def stock_adjusted(movement: Movement, order_id: UUID, unit: str) -> StockAdjusted:
    """Build the event for a difference: a movement of goods found, missing or damaged."""
    return StockAdjusted(
        movement_id=movement.movement_id,
        order_id=order_id,
        job_id=movement.job_id,
        warehouse=movement.warehouse,
        kind=DIFFERENCES[movement.kind],
        quantity=quantity_text(abs(movement.quantity)),
        unit=unit,
        shipment_id=movement.shipment_id,
        reason=movement.reason or "",
        count_id=movement.count_id,
        location=movement.location or None,
        lot=movement.lot or None,
    )


def ddt_issued(
    shipment: Shipment,
    goods: Mapping[UUID, CarriedGoods],
    document: Document,
    *,
    despatch_advice: str | None,
    order_number: str,
    shipment_ids: list[UUID] | None,
) -> DdtIssued:
    """Build the event. `shipment_ids` are all the shipments under the document, if it covers several
    orders."""
    weight = document.gross_weight_kg
    return DdtIssued(
        **facts_of(shipment, goods),
        number=document.number,
        progressive=document.progressive,
        series=document.series,
        year=document.year,
        issue_date=document.issue_date,
        sender=legal_identity(document.sender),
        recipient=legal_identity(document.recipient),
        delivery_address=legal_identity(document.delivery_address),
        reason=document.reason,
        transport_by=document.transport_by,
        carrier=legal_identity(document.carrier) if document.carrier else None,
        freight=document.freight,
        appearance=document.appearance,
        packages=document.packages,
        gross_weight_kg=quantity_text(weight) if weight is not None else None,
        to_be_invoiced=document.to_be_invoiced,
        order_number=order_number or None,
        net_weight_kg=quantity_text(document.net_weight_kg) if document.net_weight_kg is not None else None,
        customer_reference=document.customer_reference,
        departure=legal_identity(document.departure) if document.departure else None,
        despatch_advice=despatch_advice,
        shipment_ids=shipment_ids,
    )


def legal_identity(party: Party) -> LegalIdentity:
    return LegalIdentity(
        name=party.name,
        vat_number=party.vat_number,
        fiscal_code=party.fiscal_code,
        office_code=party.office_code,
        street=party.street,
        postal_code=party.postal_code,
        city=party.city,
        province=party.province,
        country=party.country,
    )


def party_of(legal: LegalIdentity) -> Party:
    return Party(
        name=legal.name,
        vat_number=legal.vat_number,
        fiscal_code=legal.fiscal_code,
        office_code=legal.office_code,
        street=legal.street,
        postal_code=legal.postal_code,
        city=legal.city,
        province=legal.province,
        country=legal.country,
    )
