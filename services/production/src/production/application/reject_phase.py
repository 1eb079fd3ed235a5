"""An inspector refuses the work of a phase, which is then to be done again."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseRejected
from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.job import Job, rejected
from .assign_phase import has_left
from .ports import Ports
from .save_job_progress import save_job_progress


async def reject_phase(ports: Ports, actor: Actor, phase_id: UUID, reason: str) -> Job:
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    order, job = found
    after, refused = rejected(
        job,
        phase_id,
        reason,
        rejected_by=actor.person_id,
        now=ports.now,
        assignee_has_left=await has_left(ports, job.phase(phase_id).assignee_id),
    )
    await ports.orders.keep_rejected(refused)
    event = PhaseRejected(
        job_id=job.id,
        order_id=order.id,
        phase_id=phase_id,
        phase=after.phase(phase_id).key,
        reason=reason,
    )
    await save_job_progress(ports, order, job, after, event)
    return after
