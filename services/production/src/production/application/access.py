"""Find and lock the orders, jobs and phases that commands change. Raises Absent for those that the actor may
not see."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Forbidden

from ..domain.order import FullOrder
from .ports import LockedPhase, Ports
from .read.access import sees_phases, works_on


async def order_to_change(ports: Ports, order_id: UUID) -> FullOrder:
    order = await ports.orders.lock_order(order_id)
    if order is None:
        raise Absent("order_absent")
    return order


async def order_of_job_to_change(ports: Ports, job_id: UUID) -> FullOrder:
    order = await ports.orders.lock_order_of_job(job_id)
    if order is None:
        raise Absent("job_absent")
    return order


async def phase_to_change(ports: Ports, phase_id: UUID) -> LockedPhase:
    found = await ports.orders.lock_phase(phase_id)
    if found is None:
        raise Absent("phase_absent")
    return found


async def own_task_to_change(ports: Ports, actor: Actor, phase_id: UUID) -> LockedPhase:
    """Lock a task of the actor. Raises Absent for other people's phases, or Forbidden if the actor may see
    all phases anyway."""
    found = await phase_to_change(ports, phase_id)
    if not works_on(actor, found.phase):
        if sees_phases(actor):
            raise Forbidden("task_of_another")
        raise Absent("phase_absent")
    return found
