"""Backoffice closes lines of an order short: no more is due than was shipped."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import JobClosed
from optima_contracts.quantities import quantity_text

from ..domain.job import Job
from ..domain.order import (
    FullOrder,
    line_may_be_closed,
    nothing_can_be_delivered,
    order_may_be_closed,
    something_is_due,
)
from ..domain.phase_steps import closed
from .access import order_of_job_to_change, order_to_change
from .advance_order import advance_order
from .end_amendments import end_lapsed_amendments
from .ports import Ports
from .set_economics import tell_changed_costs
from .stop_order import stop_order
from .tell_work_outside import tell_work_outside


async def close_job(ports: Ports, job_id: UUID, reason: str) -> FullOrder:
    order = await order_of_job_to_change(ports, job_id)
    job = order.job(job_id)
    line_may_be_closed(order, job)
    return _close(ports, order, [job], reason)


async def close_order(ports: Ports, order_id: UUID, reason: str) -> FullOrder:
    """Close every line of which something is still due. Raises WrongState if there is none."""
    order = await order_to_change(ports, order_id)
    order_may_be_closed(order)
    due = [job for job in order.jobs if something_is_due(order.lines[job.id])]
    return _close(ports, order, due, reason)


def _close(ports: Ports, before: FullOrder, jobs: list[Job], reason: str) -> FullOrder:
    """Close these lines. If nothing of the order has left and nothing can come any more, cancel the order
    too."""
    after = before.with_jobs(*(closed(job, reason) for job in jobs))
    for job in jobs:
        event = JobClosed(
            job_id=job.id,
            order_id=job.order_id,
            brief_id=before.order.brief_id,
            reason=reason,
            shipped=quantity_text(before.lines[job.id].shipped),
            unit=job.item.unit,
        )
        ports.outbox.add(event, subject=job.id, correlation=before.order.correlation_id)
    tell_changed_costs(ports, before, after)
    tell_work_outside(ports, before, after)
    if nothing_can_be_delivered(after.progress):
        ports.orders.update_order(before, after)
        return stop_order(ports, after, reason)
    after = advance_order(ports, after)
    end_lapsed_amendments(ports, after)
    ports.orders.update_order(before, after)
    return after
