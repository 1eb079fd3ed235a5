"""Tell the warehouse what it may send to companies outside."""

from __future__ import annotations

from collections.abc import Iterator

from optima_contracts.production import PhaseOutsourced
from optima_contracts.quantities import quantity_text

from ..domain.job import Job, Phase
from ..domain.order import FullOrder, Order
from ..domain.outside import WorkOutside
from ..domain.quantities import work_outside
from .ports import Ports


def tell_work_outside(ports: Ports, before: FullOrder, after: FullOrder) -> None:
    """Publish what differs between the two. Nothing is published about phases that are done here."""
    known = {phase.id: work_outside(before.order.state, job, phase) for job, phase in _phases(before)}
    for job, phase in _phases(after):
        now, told = work_outside(after.order.state, job, phase), known.get(phase.id)
        if now != told and (now.finisher or (told and told.finisher)):
            event = _event(after.order, job, phase, now)
            ports.outbox.add(event, subject=phase.id, correlation=after.order.correlation_id)


def _phases(order: FullOrder) -> Iterator[tuple[Job, Phase]]:
    return ((job, phase) for job in order.jobs for phase in job.phases)


def _event(order: Order, job: Job, phase: Phase, work: WorkOutside) -> PhaseOutsourced:
    return PhaseOutsourced(
        job_id=job.id,
        order_id=order.id,
        brief_id=order.brief_id,
        phase_id=phase.id,
        phase=phase.key,
        description=f"{job.item.description}: {phase.name}",
        unit=phase.unit or job.item.unit,
        finisher=work.finisher,
        open=work.open and work.finisher is not None,
        quantity=quantity_text(work.quantity),
    )
