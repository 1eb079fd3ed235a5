"""Record that the goods of a shipment have been brought together."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import ShipmentPicked

from .changing import save_and_tell, shipment_to_change
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def pick_shipment(ports: Ports, shipment_id: UUID, expected_version: int | None) -> ShipmentRow:
    row = await shipment_to_change(ports, shipment_id, expected_version)
    picked = row.shipment.pick()
    return save_and_tell(ports, row, picked, ShipmentPicked(**facts_of(picked, row.goods)))
