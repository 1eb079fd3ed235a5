"""Cancel an order and its open deliveries, unless goods have already left for a recipient.

Shipments that deliver nothing of the order, such as transfers between warehouses, continue.
"""

from __future__ import annotations

from optima_contracts.logistics import CancellationRefused, ShipmentCancelled

from ..domain.orders import Order
from ..domain.shipments import GOODS_OUT, OPEN, Shipment
from .facts import facts_of
from .ports import Ports


async def cancel_order(ports: Ports, order: Order, reason: str) -> list[Shipment]:
    """Cancel the order under its lock. If shipments of goods that have left prevent it, return these and
    change nothing."""
    if order.cancelled_because is not None:
        return []
    shipments = await ports.shipments.list_shipments_of_order(order.order_id)
    deliveries = [shipment for shipment in shipments if shipment.closes_order_line]
    out = [shipment for shipment in deliveries if shipment.state in GOODS_OUT]
    if out:
        return out
    for shipment in deliveries:
        if shipment.state in OPEN:
            cancelled = shipment.cancel(reason)
            fact = ShipmentCancelled(**facts_of(cancelled, order.goods), reason=reason)
            ports.shipments.update_shipment(cancelled)
            ports.outbox.add(fact, subject=cancelled.shipment_id, correlation=cancelled.correlation)
    ports.orders.update_order_cancelled(order.order_id, reason)
    return []


async def refuse_cancellation(ports: Ports, order: Order, out: list[Shipment]) -> None:
    """Publish that goods have left, and under which documents. Only a brief's cancellation can be refused."""
    if order.brief_id is None:
        return
    numbers = ", ".join(sorted(await ports.ddts.list_numbers([shipment.shipment_id for shipment in out])))
    ports.outbox.add(
        CancellationRefused(
            order_id=order.order_id,
            brief_id=order.brief_id,
            reason=f"Merce già uscita con DDT {numbers}",
            shipment_ids=[shipment.shipment_id for shipment in out],
        ),
        subject=order.order_id,
        correlation=order.brief_id,
    )
