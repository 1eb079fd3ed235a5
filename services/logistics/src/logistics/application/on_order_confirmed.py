"""Production confirmed an order: its goods are received once they are made."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import OrderConfirmed
from optima_contracts.production import OrderLine as ConfirmedLine

from ..domain.orders import Order, OrderLine
from .ports import Ports


async def on_order_confirmed(ports: Ports, confirmed: OrderConfirmed) -> None:
    """A duplicate changes nothing. One that comes after its brief's cancellation is added as cancelled."""
    because = await ports.orders.lock_brief(confirmed.brief_id) if confirmed.brief_id else None
    ports.orders.insert_order(
        Order(
            order_id=confirmed.order_id,
            number=confirmed.number,
            brief_id=confirmed.brief_id,
            lines={line.job_id: _line(line) for line in confirmed.lines},
            cancelled_because=because,
        )
    )


def _line(line: ConfirmedLine) -> OrderLine:
    deliveries: dict[str, Decimal] = {}
    for delivery in line.deliveries:
        known = deliveries.get(delivery.destination, Decimal(0))
        deliveries[delivery.destination] = known + Decimal(delivery.quantity)
    return OrderLine(
        line.job_id, line.description, Decimal(line.quantity), line.unit, deliveries, code=line.kind
    )
