"""An assignee gives back a phase that they can't do."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseGivenBack
from optima_kit.actor import Actor

from ..domain.phase_steps import given_back
from .access import own_task_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress
from .write_message import told_of_work


async def give_back_phase(ports: Ports, actor: Actor, phase_id: UUID, reason: str) -> LockedPhase:
    """Give the phase back. It has no assignee until an admin assigns it again; work that was begun begins
    anew."""
    found = await own_task_to_change(ports, actor, phase_id)
    after = given_back(found.order_state, found.job, phase_id)
    event = PhaseGivenBack(
        job_id=after.id,
        order_id=after.order_id,
        phase_id=phase_id,
        phase=found.phase.key,
        former_assignee_id=actor.person_id,
        reason=reason,
        recipients=sorted(await told_of_work(ports, actor)),
    )
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after)
