"""Change what a shipment carries, from where and where to, before its document is issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from optima_contracts.logistics import ShipmentRevised

from ..domain.shipments import Line
from .changing import shipment_to_change
from .draft_shipment import find_ends
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def revise_shipment(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    document_type: str,
    warehouse: str,
    destination: str,
    lines: Sequence[Line],
) -> ShipmentRow:
    """Raises as drafting it would, without what it holds itself."""
    row = await shipment_to_change(ports, shipment_id, expected_version)
    order = await ports.orders.lock_order(row.shipment.order_id)
    assert order is not None
    kind, found = await find_ends(ports, document_type, warehouse, destination)
    revised = row.shipment.revise(
        order,
        await ports.orders.sum_goods(order.order_id),
        document_type=kind,
        warehouse=warehouse,
        destination=destination,
        lines=lines,
    )
    ports.shipments.update_content(revised)
    ports.outbox.add(
        ShipmentRevised(**facts_of(revised, order.goods)),
        subject=shipment_id,
        correlation=revised.correlation,
    )
    return replace(row, shipment=revised, goods=order.goods, lookups=row.lookups | found)
