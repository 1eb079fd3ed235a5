"""Keep an order's state in line with its jobs and shipments."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.production import OrderDelivered, OrderReady, OrderShipmentChanged, OrderStarted

from ..domain.machine import OrderState
from ..domain.order import FullOrder, Order, advanced
from .ports import Ports

_SHIPPED = (OrderState.PARTIALLY_SHIPPED, OrderState.SHIPPED)


def advance_order(ports: Ports, full: FullOrder) -> FullOrder:
    """Return the order in the state that its jobs and shipments give it, and publish what changed. The caller
    saves it."""
    before, after = full.order, advanced(full.order, full.progress, ports.now)
    for event in _events_between(before, after):
        ports.outbox.add(event, subject=after.id, correlation=after.correlation_id)
    return replace(full, order=after)


def _events_between(
    before: Order, after: Order
) -> list[OrderStarted | OrderReady | OrderShipmentChanged | OrderDelivered]:
    told: list[OrderStarted | OrderReady | OrderShipmentChanged | OrderDelivered] = []
    if after.started_at and not before.started_at:
        told.append(OrderStarted(order_id=after.id, brief_id=after.brief_id))
    if after.ready_at and not before.ready_at:
        told.append(OrderReady(order_id=after.id, brief_id=after.brief_id))
    if after.state is OrderState.DELIVERED and before.state is not OrderState.DELIVERED:
        told.append(OrderDelivered(order_id=after.id, brief_id=after.brief_id))
    elif after.state is not before.state and (after.state in _SHIPPED or before.state in _SHIPPED):
        told.append(OrderShipmentChanged(order_id=after.id, brief_id=after.brief_id, state=after.state.value))
    return told
