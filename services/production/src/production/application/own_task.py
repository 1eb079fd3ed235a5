"""Who may act on a phase as its assignee."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Forbidden

from ..domain.job import GRANTING, Job
from ..domain.order import Order
from .ports import Ports


async def lock_own_task(ports: Ports, actor: Actor, phase_id: UUID) -> tuple[Order, Job]:
    """The phase's order and job, locked. Raises Absent for the phases of others, unless the actor sees all
    phases anyway: then Forbidden."""
    found = await ports.orders.lock_with_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    phase = found[1].phase(phase_id)
    if phase.assignee_id != actor.person_id or phase.state not in GRANTING:
        if actor.may("phase.read"):
            raise Forbidden("task_of_another")
        raise Absent("phase_absent")
    return found
