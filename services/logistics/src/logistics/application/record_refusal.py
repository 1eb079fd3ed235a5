"""The recipient did not take the goods, which come back to their warehouse."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import ShipmentRefused

from ..domain.shipments import Shipment
from .changing import save_and_tell, shipment_for_change
from .facts import facts_of
from .ports import Ports


async def record_refusal(
    ports: Ports, shipment_id: UUID, expected_version: int | None, reason: str
) -> Shipment:
    shipment, order = await shipment_for_change(ports, shipment_id, expected_version)
    refused = shipment.refuse(reason)
    await ports.ledger.record(refused.goods_come_back(ports.new_id))
    await save_and_tell(ports, refused, ShipmentRefused(**facts_of(refused, order), reason=reason))
    return refused
