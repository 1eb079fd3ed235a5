"""What people see of production: only what is in their competence. Hidden means absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.economics import Economics
from ..domain.job import Job, Phase, RejectedAttempt
from ..domain.machine import PhaseState
from ..domain.order import LineProgress, Order
from ..domain.shipments import Shipment
from .ports import Assignee, Customer, LockedPhase, OrderFilter, OrderPicture, Ports, Task

OPEN_TASKS = (PhaseState.WAITING, PhaseState.ASSIGNED, PhaseState.IN_PROGRESS, PhaseState.TO_INSPECT)


@dataclass(frozen=True, slots=True)
class SeenPhase:
    phase: Phase
    assignee_name: str | None
    rejected: Sequence[RejectedAttempt]


@dataclass(frozen=True, slots=True)
class SeenJob:
    """None stands for what the actor may not see, or what is not there: the two look alike."""

    job: Job
    progress: LineProgress
    phases: Sequence[SeenPhase] | None
    technical_sheet: str | None
    economics: Economics | None


@dataclass(frozen=True, slots=True)
class SeenOrder:
    order: Order
    jobs: Sequence[SeenJob]
    customer: Customer | None
    shipments: Sequence[Shipment] | None


@dataclass(frozen=True, slots=True)
class SeenTask:
    task: Task
    rejected: Sequence[RejectedAttempt]
    """The actor's own attempts that were refused."""


async def list_orders(
    ports: Ports, actor: Actor, wanted: OrderFilter, before: UUID | None, limit: int
) -> list[Order]:
    """The newest first. Whoever may not see customers may not search by them either: Forbidden."""
    if wanted.customer is not None:
        actor.require("customer.read")
    return await ports.reading.orders(wanted, before, limit)


async def see_order(ports: Ports, actor: Actor, order_id: UUID) -> SeenOrder:
    found = await ports.reading.order(order_id)
    if found is None:
        raise Absent("order_absent")
    return SeenOrder(
        order=found.order.order,
        jobs=await _see_jobs(ports, actor, found),
        customer=found.customer if actor.may("customer.read") else None,
        shipments=await ports.reading.shipments(order_id) if actor.may("shipment.read") else None,
    )


async def see_job(ports: Ports, actor: Actor, job_id: UUID) -> SeenJob:
    found = await ports.reading.order_of_job(job_id)
    if found is None:
        raise Absent("job_absent")
    return next(seen for seen in await _see_jobs(ports, actor, found) if seen.job.id == job_id)


async def see_phase(ports: Ports, found: LockedPhase) -> SeenPhase:
    return (await _see_phases(ports, [found.phase], found.assignees))[found.phase_id]


async def list_tasks(
    ports: Ports, actor: Actor, state: PhaseState | None, after: tuple[date, UUID] | None, limit: int
) -> list[SeenTask]:
    """The actor's own phases, those of the nearest deadline first; without a `state`, all open ones."""
    states = [state] if state else list(OPEN_TASKS)
    return await see_tasks(ports, actor, await ports.reading.tasks(actor.person_id, states, after, limit))


async def see_tasks(ports: Ports, actor: Actor, tasks: Sequence[Task]) -> list[SeenTask]:
    """The actor's tasks with what was refused of their own work on them."""
    again = [task.phase_id for task in tasks if task.attempt > 1]
    refused = await ports.reading.refused(again) if again else []
    own = [attempt for attempt in refused if attempt.assignee_id == actor.person_id]
    return [SeenTask(task, [each for each in own if each.phase_id == task.phase_id]) for task in tasks]


async def see_task(ports: Ports, actor: Actor, phase_id: UUID) -> SeenTask:
    """Raises Absent for the phases of others and for those whose assignment has ended."""
    task = await ports.reading.task(phase_id, actor.person_id)
    if task is None:
        raise Absent("phase_absent")
    return (await see_tasks(ports, actor, [task]))[0]


async def _see_jobs(ports: Ports, actor: Actor, found: OrderPicture) -> list[SeenJob]:
    jobs = found.order.jobs
    sees_phases = actor.may("phase.read")
    sees_economics = actor.may("job.economics.read")
    phases = {}
    if sees_phases:
        phases = await _see_phases(ports, [p for job in jobs for p in job.phases], found.assignees)
    return [
        SeenJob(
            job=job,
            progress=found.order.lines[job.id],
            phases=[phases[phase.id] for phase in job.phases] if sees_phases else None,
            technical_sheet=job.economics.technical_sheet if sees_phases and job.economics else None,
            economics=job.economics if sees_economics else None,
        )
        for job in jobs
    ]


async def _see_phases(
    ports: Ports, phases: Sequence[Phase], assignees: Mapping[UUID, Assignee]
) -> dict[UUID, SeenPhase]:
    again = [phase.id for phase in phases if phase.attempt > 1]
    refused = await ports.reading.refused(again) if again else []
    return {
        phase.id: SeenPhase(
            phase,
            next((known.name for id_, known in assignees.items() if id_ == phase.assignee_id), None),
            [each for each in refused if each.phase_id == phase.id],
        )
        for phase in phases
    }
