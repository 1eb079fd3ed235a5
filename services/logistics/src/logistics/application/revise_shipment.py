"""Change what a shipment carries, from where and where to, before its document is issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from optima_contracts.logistics import ShipmentRevised
from optima_kit.refusals import Invalid

from ..domain.shipments import ends_must_stay
from .changing import shipment_to_change
from .draft_shipment import find_ends
from .facts import facts_of
from .named_goods import Asked, goods_in_stock, goods_of_order
from .ports import Ports, ShipmentRow


async def revise_shipment(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    document_type: str,
    warehouse: str,
    destination: str,
    lines: Sequence[Asked],
) -> ShipmentRow:
    """Revise a shipment. Raises what drafting it would raise, not counting what the shipment itself holds."""
    row = await shipment_to_change(ports, shipment_id, expected_version)
    shipment = row.shipment
    if shipment.from_stock:
        order, goods = await goods_in_stock(ports, lines)
        if order.order_id != shipment.order_id:
            raise Invalid("owner_of_shipment_fixed", field="lines")
    else:
        order, goods = await goods_of_order(ports, shipment.order_id, lines)
    jobs = {*shipment.jobs, *(line.job_id for line in goods)}
    kind, found = await find_ends(ports, document_type, warehouse, destination)
    revised = shipment.revise(
        order,
        await ports.orders.sum_goods(list(jobs)),
        document_type=kind,
        warehouse=warehouse,
        destination=destination,
        lines=goods,
    )
    if row.companions:
        ends_must_stay(shipment, revised)
    ports.shipments.update_content(revised)
    if shipment.picks:
        ports.shipments.update_picks(revised)
    ports.outbox.add(
        ShipmentRevised(**facts_of(revised, order.goods)),
        subject=shipment_id,
        correlation=revised.correlation,
    )
    return replace(row, shipment=revised, goods=order.goods, lookups=row.lookups | found)
