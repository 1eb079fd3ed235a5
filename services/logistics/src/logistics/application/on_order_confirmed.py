"""React when production confirms an order: its goods are received once they are made, or set aside from
stock."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import OrderConfirmed
from optima_contracts.production import OrderLine as ConfirmedLine

from ..domain.orders import Order, OrderLine
from .allocate_goods import allocate_what_is_free
from .ports import Ports


async def on_order_confirmed(ports: Ports, confirmed: OrderConfirmed) -> None:
    """Insert the order. A duplicate event changes nothing. If the brief was cancelled before, the order is
    inserted as cancelled. For lines from stock, goods that are free are set aside at once."""
    because = await ports.orders.lock_brief(confirmed.brief_id) if confirmed.brief_id else None
    order = Order(
        order_id=confirmed.order_id,
        number=confirmed.number,
        brief_id=confirmed.brief_id,
        lines={line.job_id: line_of(line) for line in confirmed.lines},
        cancelled_because=because,
        deadline=confirmed.deadline,
    )
    from_stock = any(line.article_id for line in confirmed.lines)
    if from_stock and await ports.orders.find_order(order.order_id) is not None:
        return
    ports.orders.insert_order(order)
    if from_stock:
        await allocate_what_is_free(ports, order)


def line_of(line: ConfirmedLine) -> OrderLine:
    deliveries: dict[str, Decimal] = {}
    for delivery in line.deliveries:
        known = deliveries.get(delivery.destination, Decimal(0))
        deliveries[delivery.destination] = known + Decimal(delivery.quantity)
    return OrderLine(
        line.job_id,
        line.description,
        Decimal(line.quantity),
        line.unit,
        deliveries,
        code=line.kind,
        article_id=line.article_id,
    )
