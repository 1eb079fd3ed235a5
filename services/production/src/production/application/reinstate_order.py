"""Continue a cancelled order, because goods had left."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.production import OrderReinstated

from ..domain.machine import OrderState
from ..domain.order import FullOrder, after_refused_cancellation
from ..domain.phase_steps import resumed
from .advance_order import advance_order
from .ports import Ports
from .set_economics import tell_changed_costs
from .tell_work_outside import tell_work_outside
from .unblock_jobs import unblock_jobs


async def reinstate_order(ports: Ports, before: FullOrder, *, goods_are_out: bool = True) -> None:
    """Restore the order's phases as they were. While goods are out, an order that is not cancelled can't be
    cancelled."""
    order = after_refused_cancellation(before.order, goods_are_out=goods_are_out)
    if order == before.order:
        return
    after = replace(before, order=order)
    if before.order.state is OrderState.CANCELLED:
        jobs = [resumed(job) for job in before.jobs]
        kinds = await ports.kinds.lock_named([job.item.kind for job in jobs])
        unblocked = unblock_jobs(jobs, kinds, ports.schedule(order.deadline))
        after = after.with_jobs(*jobs).with_jobs(*unblocked)
        ports.outbox.add(
            OrderReinstated(order_id=order.id, brief_id=order.brief_id),
            subject=order.id,
            correlation=order.correlation_id,
        )
        tell_changed_costs(ports, before, after)
        after = advance_order(ports, after)
    tell_work_outside(ports, before, after)
    ports.orders.update_order(before, after)
