"""An admin gives a phase to a person."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_contracts.production import PhaseAssigned
from optima_kit.refusals import Absent

from ..domain.job import Job, assigned
from ..domain.people import Person, assignee_is_known_and_active, assignee_may_work_phases
from .ports import Ports
from .save_job_progress import save_job_progress


async def assign_phase(ports: Ports, phase_id: UUID, assignee_id: UUID) -> Job:
    """Whoever had the phase loses access to it. Possible until it starts, or when its assignee has left."""
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    order, job = found
    person = assignee_is_known_and_active(await ports.directory.person(assignee_id))
    assignee_may_work_phases(person, privileges_held(person))
    phase = job.phase(phase_id)
    after = assigned(job, phase_id, assignee_id, assignee_has_left=await has_left(ports, phase.assignee_id))
    event = PhaseAssigned(
        job_id=job.id, order_id=order.id, phase_id=phase_id, phase=phase.key, assignee_id=assignee_id
    )
    await save_job_progress(ports, order, job, after, event)
    return after


def privileges_held(person: Person) -> frozenset[str]:
    built_in = {role: privileges_of(role) for role in person.roles if role in BUILT_IN_ROLES}
    return frozenset().union(*{**built_in, **person.own_roles}.values())


async def has_left(ports: Ports, assignee_id: UUID | None) -> bool:
    if assignee_id is None:
        return False
    person = await ports.directory.person(assignee_id)
    return person is None or not person.active
