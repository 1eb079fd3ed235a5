"""Draft a shipment, which reserves its goods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from optima_contracts.logistics import ShipmentDrafted
from optima_kit.refusals import Absent, Invalid, Refusal, Violations, WrongState

from ..domain.document_types import DocumentType, GoodsGoTo
from ..domain.lookups import Carrier, Destination, Warehouse
from ..domain.shipments import Shipment, Transport, draft, may_be_replaced, must_fit
from .facts import facts_of
from .named_goods import Asked, goods_in_stock, goods_of_order
from .ports import FoundLookups, Ports, ShipmentRow


async def draft_shipment(
    ports: Ports,
    *,
    order_id: UUID | None,
    document_type: str,
    warehouse: str,
    destination: str,
    lines: Sequence[Asked],
    transport: Transport,
    replaces: UUID | None = None,
    travels_with: UUID | None = None,
) -> ShipmentRow:
    """Draft a shipment of an order or, without an order, of articles from stock. `replaces` is the voided
    shipment that it replaces; `travels_with` is a shipment of another order under whose document it is to
    travel. Raises Absent for an unknown order, Invalid for unknown codes, WrongState for missing goods."""
    company = await _company(ports, travels_with, order_id) if travels_with else []
    if order_id is None:
        order, goods = await goods_in_stock(ports, lines)
    else:
        order, goods = await goods_of_order(ports, order_id, lines)
    kind, found = await find_ends(
        ports, document_type, warehouse, destination, ("carrier", Carrier, transport.carrier)
    )
    if company and transport == Transport():
        transport = company[0].shipment.transport
    replaced = await _replaced(ports, order.order_id, replaces) if replaces else None
    shipment = draft(
        order,
        await ports.orders.sum_goods([line.job_id for line in goods]),
        shipment_id=ports.new_id(),
        document_type=kind,
        warehouse=warehouse,
        destination=destination,
        lines=goods,
        transport=transport,
        replaces=replaces,
    )
    if company:
        must_fit(shipment, [row.shipment for row in company])
        shipment = replace(shipment, consignment_id=_consignment_of(ports, company))
    ports.shipments.insert_shipment(shipment)
    if replaced:
        ports.shipments.update_shipment(replaced.replaced(by=shipment.shipment_id))
    ports.outbox.add(
        ShipmentDrafted(**facts_of(shipment, order.goods)),
        subject=shipment.shipment_id,
        correlation=shipment.correlation,
    )
    return ShipmentRow(
        shipment=shipment,
        order_number=order.number,
        order_cancelled=order.cancelled,
        goods=order.goods,
        lookups=found,
        ddt=None,
        drafted_at=ports.now,
        companions=[row.as_companion for row in company],
    )


async def _company(ports: Ports, travels_with: UUID, order_id: UUID | None) -> list[ShipmentRow]:
    """Return the shipment and those that travel with it already, under the locks of their orders and of the
    order that is to join them."""
    rows = await ports.shipments.lock_consignment(travels_with, joined_by=order_id)
    named = next((row for row in rows if row.shipment.shipment_id == travels_with), None)
    if named is None:
        raise Absent("shipment_absent", field="travels_with_id")
    return [named, *(row for row in rows if row is not named and named.shipment.travels_with(row.shipment))]


def _consignment_of(ports: Ports, company: Sequence[ShipmentRow]) -> UUID:
    """Return the id of the consignment. The second shipment to travel with another opens it."""
    first = company[0].shipment
    if first.consignment_id is not None:
        return first.consignment_id
    consignment_id = ports.new_id()
    ports.shipments.insert_consignment(consignment_id)
    ports.shipments.update_shipment(first.join(consignment_id))
    return consignment_id


async def _replaced(ports: Ports, order_id: UUID, replaces: UUID) -> Shipment:
    row = await ports.shipments.find_shipment(replaces)
    if row is not None and row.shipment.order_id == order_id:
        by = row.shipment.replaced_by
        successor = await ports.shipments.find_shipment(by) if by else None
        if may_be_replaced(row.shipment, successor.shipment if successor else None):
            return row.shipment
    raise WrongState("shipment_not_replaceable", field="replaces_id")


Named = tuple[str, type[Any], str | None]
"""A field, the lookup table whose entry it names, and the code, if any."""


async def find_ends(
    ports: Ports, document_type: str, warehouse: str, destination: str, *others: Named
) -> tuple[DocumentType, FoundLookups]:
    """Return the document type, which decides whether the goods go to a destination or a warehouse, and the
    entries under all codes. Raises what `find_named` raises."""
    asked = await ports.lookups.find_all(
        [(DocumentType, document_type), (Warehouse, warehouse), (Warehouse, destination)]
        + [(Destination, destination)]
        + [(kind, code) for _, kind, code in others if code]
    )
    kind = asked.get(DocumentType, document_type)
    to_warehouse = kind is not None and kind.goods_go_to is GoodsGoTo.WAREHOUSE
    must_be_known(
        asked,
        ("document_type", DocumentType, document_type),
        ("warehouse", Warehouse, warehouse),
        ("destination", Warehouse if to_warehouse else Destination, destination),
        *others,
    )
    assert kind is not None
    return kind, asked


async def find_named(ports: Ports, *named: Named) -> FoundLookups:
    """Find entries of lookup tables. Raises Invalid for all unknown codes at once."""
    found = await ports.lookups.find_all([(kind, code) for _, kind, code in named if code])
    must_be_known(found, *named)
    return found


_UNKNOWN = {
    DocumentType: "document_type_unknown",
    Warehouse: "warehouse_unknown",
    Destination: "destination_unknown",
    Carrier: "carrier_unknown",
}


def must_be_known(found: FoundLookups, *named: Named) -> None:
    """Refuse codes that were not found. Raises what `find_named` raises."""
    unknown: list[Refusal] = [
        Invalid(_UNKNOWN[kind], field=field, named=code)
        for field, kind, code in named
        if code and found.get(kind, code) is None
    ]
    if unknown:
        raise unknown[0] if len(unknown) == 1 else Violations(unknown)
