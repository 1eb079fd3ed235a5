"""Say, or correct, how a shipment travels, before its document is issued."""

from __future__ import annotations

from uuid import UUID

from optima_kit.refusals import Violations

from ..domain.shipments import Shipment, Transport
from .changing import shipment_for_change
from .draft_shipment import unknown_codes
from .ports import Ports


async def arrange_transport(
    ports: Ports, shipment_id: UUID, expected_version: int | None, transport: Transport
) -> Shipment:
    """No fact is told: nobody acts on a transport before the document says it."""
    shipment, _ = await shipment_for_change(ports, shipment_id, expected_version)
    arranged = shipment.arrange(transport)
    if unknown := await unknown_codes(ports, transport):
        raise Violations(unknown)
    await ports.shipments.save(arranged)
    return arranged
