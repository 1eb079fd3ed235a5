"""An order follows its jobs and shipments."""

from __future__ import annotations

from optima_contracts.production import OrderDelivered, OrderReady, OrderShipmentChanged, OrderStarted

from ..domain.order import Order, OrderState, advanced
from .ports import Ports

_SHIPPED = (OrderState.PARTIALLY_SHIPPED, OrderState.SHIPPED)


async def advance_order(ports: Ports, order: Order) -> Order:
    """Brings the order's state in line with its jobs and shipments, and tells what came of it.

    The order is locked, and what changed is already saved.
    """
    after = advanced(order, await ports.orders.progress(order.id), ports.now)
    if after == order:
        return order
    await ports.orders.save(after)
    for event in _told_of(order, after):
        ports.outbox.add(event, subject=order.id, correlation=order.correlation_id)
    return after


def _told_of(
    before: Order, after: Order
) -> list[OrderStarted | OrderReady | OrderShipmentChanged | OrderDelivered]:
    told: list[OrderStarted | OrderReady | OrderShipmentChanged | OrderDelivered] = []
    if after.started_at and not before.started_at:
        told.append(OrderStarted(order_id=after.id, brief_id=after.brief_id))
    if after.ready_at and not before.ready_at:
        told.append(OrderReady(order_id=after.id, brief_id=after.brief_id))
    if after.state is OrderState.DELIVERED:
        told.append(OrderDelivered(order_id=after.id, brief_id=after.brief_id))
    elif after.state is not before.state and (after.state in _SHIPPED or before.state in _SHIPPED):
        told.append(OrderShipmentChanged(order_id=after.id, brief_id=after.brief_id, state=after.state.value))
    return told
