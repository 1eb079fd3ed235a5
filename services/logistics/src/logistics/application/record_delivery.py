"""The recipient has the goods."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from optima_contracts.logistics import ShipmentDelivered

from ..domain.shipments import Shipment
from .changing import save_and_tell, shipment_for_change
from .facts import facts_of
from .ports import Ports


async def record_delivery(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    received_by: str,
    delivered_at: datetime | None,
) -> Shipment:
    """`delivered_at` is now when None."""
    shipment, order = await shipment_for_change(ports, shipment_id, expected_version)
    at = delivered_at or ports.now
    delivered = shipment.deliver(received_by, at, now=ports.now)
    fact = ShipmentDelivered(**facts_of(delivered, order), delivered_at=at, received_by=received_by)
    await save_and_tell(ports, delivered, fact)
    return delivered
