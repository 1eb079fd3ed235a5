"""An admin gives a phase to a person."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import PhaseAssigned

from ..domain.people import assignee_may_work_phases
from ..domain.phase_steps import assigned
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def assign_phase(
    ports: Ports, phase_id: UUID, assignee_id: UUID, reason: str | None = None
) -> LockedPhase:
    """Assign the phase. The former assignee loses access to it. Once the phase has started, this takes a
    `reason`, unless its assignee has left."""
    found = await phase_to_change(ports, phase_id)
    person = assignee_may_work_phases(await ports.directory.find_person(assignee_id))
    replaces = found.assignee_has_left or reason is not None
    after = assigned(found.order_state, found.job, phase_id, assignee_id, replaces=replaces)
    event = PhaseAssigned(
        job_id=after.id,
        order_id=after.order_id,
        phase_id=phase_id,
        phase=found.phase.key,
        assignee_id=assignee_id,
        reason=reason,
    )
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after, person)
