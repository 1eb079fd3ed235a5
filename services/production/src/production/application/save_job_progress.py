"""A job changed: keep it, and let the order follow."""

from __future__ import annotations

from optima_contracts.envelope import EventData
from optima_contracts.production import JobCompleted

from ..domain.job import Job, JobState
from ..domain.order import Order
from .advance_order import advance_order
from .ports import Ports


async def save_job_progress(
    ports: Ports, order: Order, before: Job, after: Job, event: EventData | None
) -> None:
    """Saves the job and adds `event`, which says what happened to it; then what follows for the order."""
    await ports.orders.save_job(before, after)
    if event is not None:
        ports.outbox.add(event, subject=after.id, correlation=order.correlation_id)
    if after.state is before.state:
        return
    if after.state is JobState.DONE:
        ports.outbox.add(
            JobCompleted(
                job_id=after.id,
                order_id=order.id,
                brief_id=order.brief_id,
                quantity=str(after.produced),
                unit=after.item.unit,
            ),
            subject=after.id,
            correlation=order.correlation_id,
        )
    await advance_order(ports, order)
