"""Say, or correct, how a shipment travels, before its document is issued."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from optima_kit.refusals import Violations

from ..domain.shipments import Transport
from .changing import shipment_to_change
from .draft_shipment import codes_of, unknown_codes
from .ports import Ports, ShipmentRow


async def arrange_transport(
    ports: Ports, shipment_id: UUID, expected_version: int | None, transport: Transport
) -> ShipmentRow:
    """Publishes nothing: other services learn of the transport from the issued document."""
    row = await shipment_to_change(ports, shipment_id, expected_version)
    arranged = row.shipment.arrange(transport)
    found = await ports.lookups.find_all(codes_of(transport))
    if unknown := unknown_codes(transport, found):
        raise Violations(unknown)
    ports.shipments.update_shipment(arranged)
    return replace(row, shipment=arranged, lookups=row.lookups | found)
