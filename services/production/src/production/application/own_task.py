"""A phase in the hands of its assignee."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Forbidden

from ..domain.job import GRANTING, Job
from ..domain.order import Order
from .ports import LockedPhase, Ports, Task


async def lock_own_task(ports: Ports, actor: Actor, phase_id: UUID) -> LockedPhase:
    """Raises Absent for the phases of others, unless the actor sees all phases anyway: then Forbidden."""
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    if found.phase.assignee_id != actor.person_id or found.phase.state not in GRANTING:
        if actor.may("phase.read"):
            raise Forbidden("task_of_another")
        raise Absent("phase_absent")
    return found


def task_of(order: Order, job: Job, phase_id: UUID) -> Task:
    """What the assignee sees of the phase."""
    phase = job.phase(phase_id)
    return Task(
        phase_id=phase.id,
        phase=phase.name,
        description=job.item.description,
        quantity=job.item.quantity,
        unit=job.item.unit,
        tolerance_percent=job.tolerance_percent,
        technical_sheet=job.economics.technical_sheet if job.economics else "",
        deadline=order.deadline,
        state=phase.state,
        attempt=phase.attempt,
        started_at=phase.started_at,
        completed_at=phase.completed_at,
        completed_quantity=phase.quantity,
        note=phase.note,
    )
