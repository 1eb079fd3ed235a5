"""Cancel a shipment that has no transport document yet. Its goods are free again."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import ShipmentCancelled

from .changing import save_and_tell, shipment_to_change
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def cancel_shipment(
    ports: Ports, shipment_id: UUID, expected_version: int | None, reason: str
) -> ShipmentRow:
    row = await shipment_to_change(ports, shipment_id, expected_version)
    cancelled = row.shipment.cancel(reason)
    return save_and_tell(
        ports, row, cancelled, ShipmentCancelled(**facts_of(cancelled, row.goods), reason=reason)
    )
