"""How every change of a shipment begins and ends."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from optima_contracts.envelope import EventData
from optima_kit.refusals import Absent, Stale

from ..domain.orders import Order
from ..domain.shipments import Shipment
from .ports import Ports, ShipmentRow


async def shipment_for_change(
    ports: Ports, shipment_id: UUID, expected_version: int | None
) -> tuple[ShipmentRow, Order]:
    """The shipment and its order, whose lock is held from here on: no cancellation of the order or its
    brief, and no other change of its goods, can come between. Of the order's lines, those that the shipment
    carries. Raises Absent, or Stale when the client saw another version."""
    found = await ports.shipments.lock(shipment_id)
    if found is None:
        raise Absent("shipment_unknown")
    row, order = found
    if expected_version is not None and expected_version != row.shipment.version:
        raise Stale("stale_version")
    return row, order


def save_and_tell(ports: Ports, row: ShipmentRow, shipment: Shipment, fact: EventData) -> ShipmentRow:
    """The shipment as its readers see it from here on."""
    ports.shipments.save(shipment)
    ports.outbox.add(fact, subject=shipment.shipment_id, correlation=shipment.correlation)
    return replace(row, shipment=shipment)
