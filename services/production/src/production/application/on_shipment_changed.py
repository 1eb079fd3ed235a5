"""Goods left, arrived, came back, or their document was voided: the order follows."""

from __future__ import annotations

from optima_kit.refusals import NotYet

from ..domain.shipments import Shipment
from .advance_order import advance_order
from .ports import Ports


async def on_shipment_changed(ports: Ports, shipment: Shipment) -> None:
    """Each word about a shipment carries all its lines, so the newest alone counts: duplicates and late ones
    change nothing. A shipment of an order that is not known yet is awaited."""
    order = await ports.orders.lock(shipment.order_id)
    if order is None:
        raise NotYet(f"order {shipment.order_id} is not known yet")
    if await ports.orders.record_shipment(shipment):
        await advance_order(ports, order)
