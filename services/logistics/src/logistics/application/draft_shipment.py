"""Draft a shipment, which reserves its goods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from optima_contracts.logistics import ShipmentDrafted
from optima_kit.refusals import Absent, Invalid, Refusal, Violations

from ..domain.lookups import Carrier, Destination, TransportReason, Warehouse
from ..domain.shipments import Line, Transport, draft
from .facts import facts_of
from .ports import FoundLookups, Ports, ShipmentRow


async def draft_shipment(
    ports: Ports,
    *,
    order_id: UUID,
    warehouse: str,
    destination: str,
    lines: Sequence[Line],
    transport: Transport,
) -> ShipmentRow:
    """Raises Absent for an unknown order, Invalid for unknown codes, WrongState for missing goods."""
    order = await ports.orders.lock_order(order_id)
    if order is None:
        raise Absent("order_absent", field="order_id")
    named: list[tuple[type[Any], str]] = [
        *codes_of(transport),
        (Warehouse, warehouse),
        (Destination, destination),
    ]
    found = await ports.lookups.find_all(named)
    unknown = unknown_codes(transport, found)
    if found.get(Warehouse, warehouse) is None:
        unknown.append(Invalid("warehouse_unknown", field="warehouse", named=warehouse))
    if found.get(Destination, destination) is None:
        unknown.append(Invalid("destination_unknown", field="destination", named=destination))
    if unknown:
        raise Violations(unknown)
    shipment = draft(
        order,
        await ports.orders.sum_goods(order_id),
        shipment_id=ports.new_id(),
        warehouse=warehouse,
        destination=destination,
        lines=lines,
        transport=transport,
    )
    ports.shipments.insert_shipment(shipment)
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
    )


def codes_of(transport: Transport) -> list[tuple[type[Any], str]]:
    """What a transport names by its code."""
    named = ((TransportReason, transport.reason), (Carrier, transport.carrier))
    return [(kind, code) for kind, code in named if code]


def unknown_codes(transport: Transport, found: FoundLookups) -> list[Refusal]:
    """What a transport names that no lookup table holds."""
    unknown: list[Refusal] = []
    if transport.reason and found.get(TransportReason, transport.reason) is None:
        unknown.append(Invalid("transport_reason_unknown", field="transport_reason", named=transport.reason))
    if transport.carrier and found.get(Carrier, transport.carrier) is None:
        unknown.append(Invalid("carrier_unknown", field="carrier", named=transport.carrier))
    return unknown
