"""The goods of a shipment have been brought together."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import ShipmentPicked

from ..domain.shipments import Shipment
from .changing import save_and_tell, shipment_for_change
from .facts import facts_of
from .ports import Ports


async def pick_shipment(ports: Ports, shipment_id: UUID, expected_version: int | None) -> Shipment:
    shipment, order = await shipment_for_change(ports, shipment_id, expected_version)
    picked = shipment.pick()
    await save_and_tell(ports, picked, ShipmentPicked(**facts_of(picked, order)))
    return picked
