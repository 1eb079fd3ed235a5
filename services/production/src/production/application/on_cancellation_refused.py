"""Logistics says that goods had left before a cancellation reached it: the order goes on."""

from __future__ import annotations

from optima_contracts.logistics import CancellationRefused
from optima_contracts.production import OrderReinstated
from optima_kit.refusals import NotYet

from ..domain.job import resumed
from ..domain.order import OrderState, going_on
from .advance_order import advance_order
from .ports import Ports
from .unblock_jobs import unblock_jobs


async def on_cancellation_refused(ports: Ports, event: CancellationRefused) -> None:
    """Undoes a cancellation made here. When that is still to come, it will find that goods have left.

    A duplicate finds the order going on and changes nothing. An order that is not known yet is awaited.
    """
    order = await ports.orders.lock(event.order_id)
    if order is None:
        raise NotYet(f"order {event.order_id} is not known yet")
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
