"""An inspector accepts the work of a phase that has a quality check."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseAccepted
from optima_kit.refusals import Absent

from ..domain.job import Job, accepted
from .ports import Ports
from .save_job_progress import save_job_progress


async def accept_phase(ports: Ports, phase_id: UUID) -> Job:
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    order, job = found
    after = accepted(job, phase_id)
    event = PhaseAccepted(
        job_id=job.id, order_id=order.id, phase_id=phase_id, phase=after.phase(phase_id).key
    )
    await save_job_progress(ports, order, job, after, event)
    return after
