"""Set or correct how a shipment travels, before its document is issued."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from ..domain.lookups import Carrier
from ..domain.shipments import Transport
from .changing import consignment_to_change
from .draft_shipment import find_named
from .ports import Ports, ShipmentRow


async def arrange_transport(
    ports: Ports, shipment_id: UUID, expected_version: int | None, transport: Transport
) -> ShipmentRow:
    """Arrange the transport of a shipment and of those that travel with it. Publishes nothing: other services
    learn of the transport from the issued document."""
    consignment = await consignment_to_change(ports, shipment_id, expected_version)
    arranged = [row.shipment.arrange(transport) for row in consignment.rows]
    found = await find_named(ports, ("carrier", Carrier, transport.carrier))
    for shipment in arranged:
        ports.shipments.update_shipment(shipment)
    row = consignment.named
    return replace(row, shipment=arranged[0], lookups=row.lookups | found)
