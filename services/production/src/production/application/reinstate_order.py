"""A cancelled order goes on, because goods had left."""

from __future__ import annotations

from optima_contracts.production import OrderReinstated

from ..domain.job import resumed
from ..domain.order import Order, OrderState, going_on
from .advance_order import advance_order
from .ports import Ports
from .unblock_jobs import unblock_jobs


async def reinstate_order(ports: Ports, order: Order) -> None:
    """Its phases are as they were. An order that is not cancelled can't be any more. The order is locked."""
    after = going_on(order)
    if after == order:
        return
    await ports.orders.save(after)
    if order.state is not OrderState.CANCELLED:
        return
    jobs = await ports.orders.jobs(order.id)
    for job in jobs:
        await ports.orders.save_job(job, resumed(job))
    await unblock_jobs(ports, order.id, await ports.kinds.named_or_awaited([job.item.kind for job in jobs]))
    ports.outbox.add(
        OrderReinstated(order_id=order.id, brief_id=order.brief_id),
        subject=order.id,
        correlation=order.correlation_id,
    )
    await advance_order(ports, after)
