"""The goods have left the sender."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from optima_contracts.logistics import ShipmentDeparted

from .changing import save_and_tell, shipment_for_change
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def record_departure(
    ports: Ports, shipment_id: UUID, expected_version: int | None, departed_at: datetime | None
) -> ShipmentRow:
    """`departed_at` is now when None."""
    row, order = await shipment_for_change(ports, shipment_id, expected_version)
    at = departed_at or ports.now
    departed = row.shipment.depart(at, now=ports.now)
    return save_and_tell(ports, row, departed, ShipmentDeparted(**facts_of(departed, order), departed_at=at))
