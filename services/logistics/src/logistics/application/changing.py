"""Lock the shipment that a command changes, and save it with its event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from optima_contracts.envelope import EventData
from optima_kit.refusals import Absent, Stale

from ..domain.shipments import Shipment
from .ports import Ports, ShipmentRow


async def shipment_to_change(ports: Ports, shipment_id: UUID, expected_version: int | None) -> ShipmentRow:
    """Return the shipment under its order's lock, so that no cancellation of the order or its brief and no
    other change of its goods can come between. Raises Absent, or Stale if the client saw another version."""
    row = await ports.shipments.lock_shipment(shipment_id)
    if row is None:
        raise Absent("shipment_absent")
    if expected_version is not None and expected_version != row.shipment.version:
        raise Stale("stale_version", field="If-Match")
    return row


@dataclass(frozen=True, slots=True)
class Consignment:
    """Shipments under one document, or a single shipment."""

    named: ShipmentRow
    """The shipment that the client named."""
    others: Sequence[ShipmentRow] = ()

    @property
    def rows(self) -> Sequence[ShipmentRow]:
        return [self.named, *self.others]


async def consignment_to_change(ports: Ports, shipment_id: UUID, expected_version: int | None) -> Consignment:
    """Return the shipment and those that travel with it, under the locks of all their orders. Raises what
    `shipment_to_change` raises."""
    rows = await ports.shipments.lock_consignment(shipment_id)
    named = next((row for row in rows if row.shipment.shipment_id == shipment_id), None)
    if named is None:
        raise Absent("shipment_absent")
    if expected_version is not None and expected_version != named.shipment.version:
        raise Stale("stale_version", field="If-Match")
    others = [row for row in rows if row is not named and named.shipment.travels_with(row.shipment)]
    return Consignment(named, others)


def save_and_tell(ports: Ports, row: ShipmentRow, shipment: Shipment, fact: EventData) -> ShipmentRow:
    """Save the shipment, publish the fact, and return the shipment as readers see it from now on."""
    ports.shipments.update_shipment(shipment)
    ports.outbox.add(fact, subject=shipment.shipment_id, correlation=shipment.correlation)
    return replace(row, shipment=shipment)
