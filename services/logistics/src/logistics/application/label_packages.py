"""Give each package of a shipment its number (SSCC) for the labels."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import PackagesLabelled

from ..domain.gs1 import sscc
from .changing import consignment_to_change
from .ports import Ports


async def label_packages(ports: Ports, shipment_id: UUID) -> tuple[list[str], int]:
    """Return the numbers of the shipment's packages, the first package first, and how many packages there
    are. Shipments that travel together share their packages. Without a GS1 prefix of the tenant there are no
    numbers. If asked again, each package keeps its number and new packages get more. A number is never given
    twice."""
    row = (await consignment_to_change(ports, shipment_id, None)).named
    packages, first_id = row.shipment.packages_to_label(), row.first_id
    numbers = (await ports.packages.list_numbers([first_id])).get(first_id, [])
    missing = packages - len(numbers)
    if missing > 0 and (taken := await ports.packages.take_serials(missing)):
        prefix, first = taken
        added = [sscc(prefix, serial) for serial in range(first, first + missing)]
        ports.packages.insert_numbers(first_id, len(numbers), added)
        fact = PackagesLabelled(
            shipment_id=shipment_id,
            order_id=row.shipment.order_id,
            brief_id=row.shipment.brief_id,
            numbers=added,
        )
        ports.outbox.add(fact, subject=shipment_id, correlation=row.shipment.correlation)
        numbers = [*numbers, *added]
    return list(numbers[:packages]), packages
