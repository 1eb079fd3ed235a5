"""An admin decides that a phase is not needed."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseSkipped
from optima_kit.refusals import Absent

from ..domain.job import skipped
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def skip_phase(ports: Ports, phase_id: UUID) -> LockedPhase:
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    after = skipped(found.order_state, found.job, phase_id)
    event = PhaseSkipped(job_id=after.id, order_id=after.order_id, phase_id=phase_id, phase=found.phase.key)
    save_job_progress(ports, found.order, after, event)
    return found.now(after)
