"""Draft a shipment, which reserves its goods."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from optima_contracts.logistics import ShipmentDrafted
from optima_kit.refusals import Absent, Invalid, Refusal, Violations

from ..domain.lookups import Carrier, Destination, TransportReason, Warehouse
from ..domain.shipments import Line, Shipment, Transport, draft
from .facts import facts_of
from .ports import Ports


async def draft_shipment(
    ports: Ports,
    *,
    order_id: UUID,
    warehouse: str,
    destination: str,
    lines: Sequence[Line],
    transport: Transport,
) -> Shipment:
    """Raises Absent for an unknown order, Invalid for unknown codes, WrongState for missing goods."""
    order = await ports.orders.lock(order_id)
    if order is None:
        raise Absent("order_unknown", field="order_id")
    unknown: list[Refusal] = await unknown_codes(ports, transport)
    if await ports.lookups.find(Warehouse, warehouse) is None:
        unknown.append(Invalid("unknown_warehouse", field="warehouse", named=warehouse))
    if await ports.lookups.find(Destination, destination) is None:
        unknown.append(Invalid("unknown_destination", field="destination", named=destination))
    if unknown:
        raise Violations(unknown)
    shipment = draft(
        order,
        await ports.orders.goods(order_id),
        shipment_id=ports.new_id(),
        warehouse=warehouse,
        destination=destination,
        lines=lines,
        transport=transport,
    )
    await ports.shipments.add(shipment)
    ports.outbox.add(
        ShipmentDrafted(**facts_of(shipment, order)),
        subject=shipment.shipment_id,
        correlation=shipment.correlation,
    )
    return shipment


async def unknown_codes(ports: Ports, transport: Transport) -> list[Refusal]:
    """What a transport names that no lookup table holds."""
    unknown: list[Refusal] = []
    if transport.reason and await ports.lookups.find(TransportReason, transport.reason) is None:
        unknown.append(Invalid("unknown_transport_reason", field="transport_reason", named=transport.reason))
    if transport.carrier and await ports.lookups.find(Carrier, transport.carrier) is None:
        unknown.append(Invalid("unknown_carrier", field="carrier", named=transport.carrier))
    return unknown
