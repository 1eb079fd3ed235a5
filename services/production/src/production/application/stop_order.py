"""Stopping an order: its open phases end, and with them their assignees' access."""

from __future__ import annotations

from optima_contracts.production import OrderCancelled

from ..domain import job as jobs
from ..domain.order import Order, cancelled
from .ports import Ports


async def stop_order(ports: Ports, order: Order, reason: str) -> Order:
    """Raises WrongState when the order is cancelled already or goods have left. The order is locked."""
    after = cancelled(order, await ports.orders.progress(order.id), reason, ports.now)
    await ports.orders.save(after)
    for job in await ports.orders.jobs(order.id):
        await ports.orders.save_job(job, jobs.cancelled(job))
    ports.outbox.add(
        OrderCancelled(order_id=order.id, brief_id=order.brief_id, reason=reason),
        subject=order.id,
        correlation=order.correlation_id,
    )
    return after
