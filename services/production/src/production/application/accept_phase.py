"""An inspector accepts the work of a phase that has a quality check."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseAccepted
from optima_kit.actor import Actor

from ..domain.phase_steps import accepted
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def accept_phase(ports: Ports, actor: Actor, phase_id: UUID) -> LockedPhase:
    found = await phase_to_change(ports, phase_id)
    after = accepted(found.order_state, found.job, phase_id, actor.person_id)
    event = PhaseAccepted(job_id=after.id, order_id=after.order_id, phase_id=phase_id, phase=found.phase.key)
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after)
