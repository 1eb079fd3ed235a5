"""An inspector accepts the work of a phase that has a quality check."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseAccepted
from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.job import accepted
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def accept_phase(ports: Ports, actor: Actor, phase_id: UUID) -> LockedPhase:
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    after = accepted(found.order_state, found.job, phase_id, actor.person_id)
    event = PhaseAccepted(job_id=after.id, order_id=after.order_id, phase_id=phase_id, phase=found.phase.key)
    save_job_progress(ports, found.order, after, event)
    return found.now(after)
