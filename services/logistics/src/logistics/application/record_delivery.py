"""Record that the recipient has received the goods."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from optima_contracts.logistics import ShipmentDelivered

from .changing import save_and_tell, shipment_to_change
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def record_delivery(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    received_by: str,
    delivered_at: datetime | None,
) -> ShipmentRow:
    """`delivered_at` is now when None."""
    row = await shipment_to_change(ports, shipment_id, expected_version)
    at = delivered_at or ports.now
    delivered = row.shipment.deliver(received_by, at, now=ports.now)
    fact = ShipmentDelivered(**facts_of(delivered, row.goods), delivered_at=at, received_by=received_by)
    return save_and_tell(ports, row, delivered, fact)
