"""Look up the reader's own tasks: phases as their assignee sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.job import GRANTING, OPEN_TASKS
from ...domain.machine import PhaseState
from ...domain.quantities import quantity_bounds
from ..ports import Ports, Task
from .access import actions_on_task
from .orders import Places, places_of_work, show_outside, show_rejected, show_sheet
from .views import RejectedAttemptView, TaskView


async def list_tasks(
    ports: Ports, actor: Actor, query: PageQuery, state: PhaseState | None
) -> Page[TaskView]:
    """List tasks, nearest deadline first; without a `state`, all open ones."""
    states = {state} & GRANTING if state else OPEN_TASKS
    found = await ports.reading.list_tasks(actor.person_id, states, query.after(date, UUID), query.rows)
    rejected = await _own_rejected(ports, actor, found)
    places = await places_of_work(ports, [task.phase for task in found])
    return page_of(
        query,
        found,
        lambda task: _task(task, rejected.get(task.phase.id, []), places),
        lambda task: (task.deadline, task.phase.id),
    )


async def read_task(ports: Ports, actor: Actor, phase_id: UUID) -> TaskView:
    """Return a task. Raises Absent for other people's phases and for phases that are no longer assigned to
    the reader."""
    task = await ports.reading.find_task(phase_id, actor.person_id)
    if task is None:
        raise Absent("phase_absent")
    return await show_task(ports, actor, task)


async def show_task(ports: Ports, actor: Actor, task: Task) -> TaskView:
    """Show a task that was already read."""
    rejected = await _own_rejected(ports, actor, [task])
    places = await places_of_work(ports, [task.phase])
    return _task(task, rejected.get(task.phase.id, []), places)


async def _own_rejected(
    ports: Ports, actor: Actor, tasks: Sequence[Task]
) -> dict[UUID, list[RejectedAttemptView]]:
    """Return the reader's own refused attempts by phase. A new assignee does not read about the former one's
    work."""
    again = [task.phase.id for task in tasks if task.phase.attempt > 1]
    found: dict[UUID, list[RejectedAttemptView]] = {}
    for attempt in await ports.reading.list_rejected(again) if again else []:
        if attempt.assignee_id == actor.person_id:
            found.setdefault(attempt.phase_id, []).append(show_rejected(attempt))
    return found


def _task(task: Task, rejected: list[RejectedAttemptView], places: Places) -> TaskView:
    phase = task.phase
    _, most = quantity_bounds(phase, task.quantity, task.tolerance_percent)
    return TaskView(
        id=phase.id,
        phase=phase.name,
        description=task.description,
        quantity=min(phase.in_own_unit(phase.share_of(task.quantity), ROUND_CEILING), most),
        least=task.least,
        most=most,
        unit=phase.unit or task.unit,
        share_number=None if phase.share is None else phase.share_number,
        technical_sheet=task.technical_sheet,
        sheet=show_sheet(task.sheet),
        deadline=task.deadline,
        planned_start=phase.planned.start if phase.planned else None,
        planned_end=phase.planned.end if phase.planned else None,
        state=phase.state,
        attempt=phase.attempt,
        started_at=phase.started_at,
        completed_at=phase.completed_at,
        made_so_far=phase.made_so_far,
        completed_quantity=phase.quantity,
        lost=phase.lost or None,
        loss_reason=phase.loss_reason,
        note=phase.note,
        rejected_attempts=rejected,
        proof_missing=phase.proof_missing or None,
        outside=show_outside(phase, places),
        actions=actions_on_task(task),
    )
