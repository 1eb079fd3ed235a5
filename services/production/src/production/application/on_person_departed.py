"""React when a person leaves: their tasks go to the successor, or wait for an admin to assign them."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.identity import PersonDeparted
from optima_contracts.production import PhaseAssigned, PhaseUnassigned
from optima_kit.refusals import NotYet

from ..domain.job import Job, Phase
from ..domain.people import may_work
from ..domain.phase_steps import after_departure_of
from .ports import Ports
from .save_job_progress import save_job_progress


async def on_person_departed(ports: Ports, event: PersonDeparted) -> None:
    """Hand over the person's open tasks. The successor gains no right by it: without `phase.work`, the tasks
    get no assignee. A duplicate or late event finds no tasks left. The event may arrive before the directory
    knows of the departure. Waits until the successor is known."""
    successor = await _successor_who_may_work(ports, event.successor_id)
    for order_id in await ports.orders.list_orders_with_work_of(event.person_id):
        order = await ports.orders.lock_order(order_id)
        assert order is not None
        for job in order.jobs:
            after, phases = after_departure_of(job, event.person_id, successor)
            if phases:
                facts = [_handed_over(job, phase, event.person_id, successor) for phase in phases]
                save_job_progress(ports, order, after, *facts)


def _handed_over(
    job: Job, phase: Phase, former_assignee_id: UUID, successor_id: UUID | None
) -> PhaseAssigned | PhaseUnassigned:
    named = {"job_id": job.id, "order_id": job.order_id, "phase_id": phase.id, "phase": phase.key}
    if successor_id is None:
        return PhaseUnassigned(**named, former_assignee_id=former_assignee_id)
    return PhaseAssigned(**named, assignee_id=successor_id)


async def _successor_who_may_work(ports: Ports, person_id: UUID) -> UUID | None:
    person = await ports.directory.find_person(person_id)
    if person is None:
        raise NotYet(f"person {person_id} is not known")
    return person.id if may_work(person) else None
