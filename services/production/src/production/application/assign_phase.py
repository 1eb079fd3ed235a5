"""An admin gives a phase to a person."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_contracts.production import PhaseAssigned
from optima_kit.refusals import Absent

from ..domain.job import assigned
from ..domain.people import Person, assignee_is_known_and_active, assignee_may_work_phases
from .ports import Assignee, LockedPhase, Ports
from .save_job_progress import save_job_progress


async def assign_phase(ports: Ports, phase_id: UUID, assignee_id: UUID) -> LockedPhase:
    """Whoever had the phase loses access to it. Possible until it starts, or when its assignee has left."""
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    person = assignee_is_known_and_active(await ports.directory.person(assignee_id))
    assignee_may_work_phases(person, privileges_held(person))
    after = assigned(
        found.order_state, found.job, phase_id, assignee_id, assignee_has_left=found.assignee_has_left
    )
    event = PhaseAssigned(
        job_id=after.id,
        order_id=after.order_id,
        phase_id=phase_id,
        phase=found.phase.key,
        assignee_id=assignee_id,
    )
    save_job_progress(ports, found.order, after, event)
    return found.now(after, Assignee(person.id, person.name, person.active))


def privileges_held(person: Person) -> frozenset[str]:
    built_in = {role: privileges_of(role) for role in person.roles if role in BUILT_IN_ROLES}
    return frozenset().union(*{**built_in, **person.own_roles}.values())
