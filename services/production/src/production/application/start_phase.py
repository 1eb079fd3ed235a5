"""An assignee begins a phase."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseStarted
from optima_kit.actor import Actor

from ..domain.job import started
from .own_task import lock_own_task, task_of
from .ports import Ports, Task
from .save_job_progress import save_job_progress


async def start_phase(ports: Ports, actor: Actor, phase_id: UUID) -> Task:
    found = await lock_own_task(ports, actor, phase_id)
    after = started(found.order_state, found.job, phase_id, ports.now)
    event = PhaseStarted(job_id=after.id, order_id=after.order_id, phase_id=phase_id, phase=found.phase.key)
    save_job_progress(ports, found.order, after, event)
    return task_of(found.order.order, after, phase_id)
