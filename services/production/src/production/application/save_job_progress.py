"""Save a job that changed, and let its order follow."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.envelope import EventData
from optima_contracts.production import JobCompleted, JobPartCompleted
from optima_contracts.quantities import quantity_text

from ..domain.job import Job
from ..domain.machine import JobState
from ..domain.order import FullOrder
from ..domain.quantities import finished_so_far
from .advance_order import advance_order
from .end_amendments import end_lapsed_amendments
from .ports import Ports
from .set_economics import tell_changed_costs
from .tell_work_outside import tell_work_outside


def save_job_progress(
    ports: Ports, before: FullOrder, job: Job, *events: EventData, economics_by: UUID | None = None
) -> None:
    """Save the job and add `events`, which tell what happened to it; then update its cost and the order.
    `economics_by` is the person who changed the cost, or None if the change follows from the work."""
    order = before.order
    for event in events:
        ports.outbox.add(event, subject=job.id, correlation=order.correlation_id)
    after = before.with_jobs(job)
    tell_changed_costs(ports, before, after, economics_by)
    finished = finished_so_far(job)
    if job.state is JobState.RUNNING and finished > finished_so_far(before.job(job.id)):
        part = JobPartCompleted(
            job_id=job.id,
            order_id=order.id,
            brief_id=order.brief_id,
            quantity=quantity_text(finished),
            unit=job.item.unit,
        )
        ports.outbox.add(part, subject=job.id, correlation=order.correlation_id)
    if job.state is not before.job(job.id).state:
        if job.state is JobState.DONE:
            completed = JobCompleted(
                job_id=job.id,
                order_id=order.id,
                brief_id=order.brief_id,
                quantity=str(job.produced),
                unit=job.item.unit,
            )
            ports.outbox.add(completed, subject=job.id, correlation=order.correlation_id)
        after = advance_order(ports, after)
    tell_work_outside(ports, before, after)
    end_lapsed_amendments(ports, after)
    ports.orders.update_order(before, after)
