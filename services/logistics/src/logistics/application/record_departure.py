"""Record that the goods have left the sender."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_contracts.logistics import ShipmentDeparted

from .changing import consignment_to_change, save_and_tell
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def record_departure(
    ports: Ports, shipment_id: UUID, expected_version: int | None, departed_at: datetime | None
) -> ShipmentRow:
    """Record the departure of the shipment and of those that travel with it. `departed_at` is now if None."""
    consignment = await consignment_to_change(ports, shipment_id, expected_version)
    at = departed_at or ports.now
    after = [_depart(ports, row, at) for row in consignment.rows]
    return after[0]


def _depart(ports: Ports, row: ShipmentRow, at: datetime) -> ShipmentRow:
    departed = row.shipment.depart(
        at,
        now=ports.now,
        # The document is None only before its issue, when the shipment's state refuses the departure.
        issue_date=row.ddt.issue_date if row.ddt else date.min,
        zone=ZoneInfo(row.time_zone),
    )
    return save_and_tell(
        ports, row, departed, ShipmentDeparted(**facts_of(departed, row.goods), departed_at=at)
    )
