"""Record that the recipient refused the goods, which go back to their warehouse."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import ShipmentRefused

from .changing import consignment_to_change, save_and_tell
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def record_refusal(
    ports: Ports, shipment_id: UUID, expected_version: int | None, reason: str
) -> ShipmentRow:
    """Record the refusal of the shipment and of those that travel with it."""
    consignment = await consignment_to_change(ports, shipment_id, expected_version)
    after = [refuse(ports, row, reason) for row in consignment.rows]
    return after[0]


def refuse(ports: Ports, row: ShipmentRow, reason: str) -> ShipmentRow:
    refused = row.shipment.refuse(reason)
    ports.ledger.insert_movements(refused.goods_come_back(ports.new_id, reason))
    return save_and_tell(ports, row, refused, ShipmentRefused(**facts_of(refused, row.goods), reason=reason))
