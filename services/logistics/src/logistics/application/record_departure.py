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
    """With those that travel with it. `departed_at` is now when None."""
    consignment = await consignment_to_change(ports, shipment_id, expected_version)
    at = departed_at or ports.now
    after = [_depart(ports, row, at) for row in consignment.rows]
    return after[0]


def _depart(ports: Ports, row: ShipmentRow, at: datetime) -> ShipmentRow:
    departed = row.shipment.depart(
        at,
        now=ports.now,
        # None only before the document, when the shipment's state refuses.
        issue_date=row.ddt.issue_date if row.ddt else date.min,
        zone=ZoneInfo(row.time_zone),
    )
    return save_and_tell(
        ports, row, departed, ShipmentDeparted(**facts_of(departed, row.goods), departed_at=at)
    )
