"""How every change of a shipment begins and ends."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.envelope import EventData
from optima_kit.refusals import Absent, Stale

from ..domain.orders import Order
from ..domain.shipments import Shipment
from .ports import Ports


async def shipment_for_change(
    ports: Ports, shipment_id: UUID, expected_version: int | None
) -> tuple[Shipment, Order]:
    """The shipment and its order, whose lock is held from here on: no cancellation of the order or its
    brief, and no other change of its goods, can come between. Raises Absent, or Stale when the client
    saw another version."""
    order = await ports.orders.lock_of_shipment(shipment_id)
    if order is None:
        raise Absent("shipment_unknown")
    shipment = await ports.shipments.get(shipment_id)
    if expected_version is not None and expected_version != shipment.version:
        raise Stale("stale_version")
    return shipment, order


async def save_and_tell(ports: Ports, shipment: Shipment, fact: EventData) -> None:
    await ports.shipments.save(shipment)
    ports.outbox.add(fact, subject=shipment.shipment_id, correlation=shipment.correlation)
