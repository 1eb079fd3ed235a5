"""An assignee begins a phase."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseStarted
from optima_kit.actor import Actor

from ..domain.phase_steps import started
from .access import own_task_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def start_phase(ports: Ports, actor: Actor, phase_id: UUID) -> LockedPhase:
    found = await own_task_to_change(ports, actor, phase_id)
    after = started(found.order_state, found.job, phase_id, ports.now)
    event = PhaseStarted(job_id=after.id, order_id=after.order_id, phase_id=phase_id, phase=found.phase.key)
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after)
