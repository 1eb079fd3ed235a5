"""An admin decides that a phase is not needed."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseSkipped

from ..domain.phase_steps import skipped
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def skip_phase(ports: Ports, phase_id: UUID) -> LockedPhase:
    found = await phase_to_change(ports, phase_id)
    after = skipped(found.order_state, found.job, phase_id)
    event = PhaseSkipped(job_id=after.id, order_id=after.order_id, phase_id=phase_id, phase=found.phase.key)
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after)
