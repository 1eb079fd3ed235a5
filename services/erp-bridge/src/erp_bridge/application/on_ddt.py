"""React to a DDT that was issued or voided, or to goods that came back: the ERP has to know."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from optima_contracts.logistics import (
    DdtIssued,
    DdtVoided,
    GoodsReturned,
    ShipmentPartlyRefused,
    ShipmentRefused,
)
from optima_kit.refusals import NotYet

from ..domain.documents import Document, GoodsBack
from .ports import Ports
from .save_document import save_document


async def on_ddt_issued(ports: Ports, ddt: DdtIssued, *, correlation_id: UUID) -> None:
    """Store the DDT. Every DDT is stored, because later events refer to it; `Document.is_for_erps` says which
    are sent to ERPs."""
    invoiced = None if ddt.to_be_invoiced is None else "yes" if ddt.to_be_invoiced else "no"
    document = Document(
        entity="ddt",
        internal_id=ddt.shipment_id,
        number=ddt.number,
        correlation_id=correlation_id,
        heading={
            "reference": str(ddt.shipment_id),
            "order_reference": str(ddt.order_id) if ddt.closes_order_line else None,
            "number": ddt.number,
            "issue_date": ddt.issue_date.isoformat(),
            "state": "issued",
            "reason": ddt.reason,
            "recipient_name": ddt.recipient.name,
            "recipient_vat_number": ddt.recipient.vat_number,
            "recipient_fiscal_code": ddt.recipient.fiscal_code,
            "recipient_street": ddt.recipient.street,
            "recipient_postal_code": ddt.recipient.postal_code,
            "recipient_city": ddt.recipient.city,
            "recipient_province": ddt.recipient.province,
            "destination": ddt.destination,
            "delivery_name": ddt.delivery_address.name,
            "delivery_street": ddt.delivery_address.street,
            "delivery_postal_code": ddt.delivery_address.postal_code,
            "delivery_city": ddt.delivery_address.city,
            "delivery_province": ddt.delivery_address.province,
            "transport_by": ddt.transport_by,
            "carrier_name": ddt.carrier.name if ddt.carrier else None,
            "freight": ddt.freight,
            "appearance": ddt.appearance,
            "packages": None if ddt.packages is None else str(ddt.packages),
            "gross_weight_kg": ddt.gross_weight_kg,
            "to_be_invoiced": invoiced,
            "despatch_advice": ddt.despatch_advice,
        },
        lines={
            str(position): {
                "job": str(line.job_id),
                "article": line.code if ddt.from_stock else None,
                "description": line.description,
                "quantity": line.quantity,
                "unit": line.unit,
            }
            for position, line in enumerate(ddt.lines, 1)
        },
        changed_at=ports.now,
    )
    await save_document(ports, document)


async def on_ddt_voided(ports: Ports, ended: DdtVoided | ShipmentRefused) -> None:
    """Mark the DDT as voided, because nothing of it is to be invoiced: it is void, or the recipient refused
    all its goods. The ERP's copy is marked too, never removed. Raises NotYet if the issue has not arrived
    yet."""
    document = await ports.documents.lock_document("ddt", ended.shipment_id)
    if document is None:
        if not ended.closes_order_line:
            return  # it was issued before all documents were stored
        raise NotYet(f"the DDT of shipment {ended.shipment_id} is not known yet")
    document = document.in_state("voided", ports.now)
    await save_document(ports, document)


async def on_goods_back(ports: Ports, came_back: ShipmentPartlyRefused | GoodsReturned) -> None:
    """Record on the DDT's lines which quantities are not to be invoiced; the rest of the DDT stays as it was
    issued. Raises NotYet if the issue has not arrived yet."""
    document = await ports.documents.lock_document("ddt", came_back.shipment_id)
    if document is None:
        if came_back.closes_order_line:
            raise NotYet(f"the DDT of shipment {came_back.shipment_id} is not known yet")
        return
    quantities: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in came_back.lines:
        quantities[str(line.job_id)] += Decimal(line.quantity)
    kind: GoodsBack = "returned_quantity" if isinstance(came_back, GoodsReturned) else "refused_quantity"
    await save_document(ports, document.with_goods_back(kind, quantities, ports.now))
