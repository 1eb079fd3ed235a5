"""An admin decides that a phase is not needed."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseSkipped
from optima_kit.refusals import Absent

from ..domain.job import Job, skipped
from .ports import Ports
from .save_job_progress import save_job_progress


async def skip_phase(ports: Ports, phase_id: UUID) -> Job:
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    order, job = found
    after = skipped(job, phase_id)
    event = PhaseSkipped(job_id=job.id, order_id=order.id, phase_id=phase_id, phase=after.phase(phase_id).key)
    await save_job_progress(ports, order, job, after, event)
    return after
