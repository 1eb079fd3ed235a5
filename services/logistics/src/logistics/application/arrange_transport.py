"""Say, or correct, how a shipment travels, before its document is issued."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from optima_kit.refusals import Violations

from ..domain.shipments import Transport
from .changing import shipment_for_change
from .draft_shipment import codes_of, unknown_codes
from .ports import Ports, ShipmentRow


async def arrange_transport(
    ports: Ports, shipment_id: UUID, expected_version: int | None, transport: Transport
) -> ShipmentRow:
    """No fact is told: nobody acts on a transport before the document says it."""
    row, _ = await shipment_for_change(ports, shipment_id, expected_version)
    arranged = row.shipment.arrange(transport)
    if unknown := unknown_codes(transport, await ports.lookups.find_all(codes_of(transport))):
        raise Violations(unknown)
    ports.shipments.save(arranged)
    return replace(row, shipment=arranged)
