"""An inspector refuses the work of a phase, which is then to be done again."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseRejected
from optima_kit.actor import Actor

from ..domain.phase_steps import rejected
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def reject_phase(ports: Ports, actor: Actor, phase_id: UUID, reason: str) -> LockedPhase:
    found = await phase_to_change(ports, phase_id)
    after, refused = rejected(
        found.order_state,
        found.job,
        phase_id,
        reason,
        rejected_by=actor.person_id,
        now=ports.now,
        assignee_has_left=found.assignee_has_left,
    )
    ports.orders.insert_rejected_attempt(refused)
    event = PhaseRejected(
        job_id=after.id,
        order_id=after.order_id,
        phase_id=phase_id,
        phase=found.phase.key,
        reason=reason,
    )
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after)
