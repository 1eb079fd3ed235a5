"""How a job comes about, and what changes it as a whole: its kind, economics, goods and purchases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from optima_kit.refusals import WrongState

from .charges import PriceOfWork, WorkDone
from .economics import (
    MAX_AMOUNT,
    STRICT,
    CostKind,
    CostLine,
    Economics,
    PricePolicy,
    cost_of,
    cost_to_set,
    price_is_as_approved,
    price_is_within_bounds,
    with_charges,
)
from .job import ENDED, GIVEN_UP, Item, Job, Phase, in_next_version, phases_given_up
from .kinds import DEFAULT_TOLERANCE_PERCENT, Kind
from .machine import JobState, OrderState, PhaseState
from .plan import Schedule

KIND_UNKNOWN: Final = "kind unknown"


def planned_job(
    item: Item,
    kind: Kind | None,
    schedule: Schedule,
    *,
    job_id: UUID,
    order_id: UUID,
    position: int,
    new_id: Callable[[], UUID],
) -> Job:
    """Return a job with copies of its kind's phases: later edits of the kind don't change it. Without a kind
    the job is blocked. A job taken from stock has no phases and is ready until its goods are set aside."""
    if item.article_id is not None:
        exactly = Decimal(0)
        return Job(job_id, order_id, position, item, exactly, JobState.READY, phases=())
    job = Job(
        id=job_id,
        order_id=order_id,
        position=position,
        item=item,
        tolerance_percent=DEFAULT_TOLERANCE_PERCENT,
        state=JobState.BLOCKED,
        phases=(),
        blocked_reason=KIND_UNKNOWN,
    )
    return job if kind is None else _with_phases_of(kind, job, schedule, new_id)


def with_kind_defined(job: Job, kind: Kind, schedule: Schedule, new_id: Callable[[], UUID]) -> Job:
    """Return the blocked job with the phases of its kind, which is now defined."""
    return in_next_version(_with_phases_of(kind, job, schedule, new_id))


def with_kind_corrected(
    order: OrderState, job: Job, kind: Kind, schedule: Schedule, new_id: Callable[[], UUID]
) -> Job:
    """Return the job with another kind. It was blocked, waiting for a kind that nobody will define."""
    kind_may_be_corrected(order, job)
    corrected = replace(job, item=replace(job.item, kind=kind.key))
    return with_kind_defined(corrected, kind, schedule, new_id)


def with_economics(order: OrderState, job: Job, economics: Economics, policy: PricePolicy = STRICT) -> Job:
    """Return the job with its economics. They may be corrected until the order has ended."""
    economics_may_change(order, job)
    approved = job.item.approved_unit_price
    price_is_as_approved(approved, economics, policy)
    if approved is None or economics.unit_price == approved:
        economics = replace(economics, price_reason=None)
    price_is_within_bounds(economics, job.item.quantity)
    economics = replace(economics, given_up=phases_given_up(job))
    state = JobState.READY if job.state is JobState.PLANNED else job.state
    return in_next_version(replace(job, economics=economics, state=state))


def work_done(job: Job) -> dict[UUID, WorkDone]:
    """Return the yield of each phase that is over, in its unit. For work outside this is all that came back
    in good order, even beyond what could be used."""
    done: dict[UUID, WorkDone] = {}
    for phase in job.phases:
        made = phase.quantity if phase.outside.finisher is None else phase.outside.made
        of = phase.in_own_unit(phase.share_of(job.item.quantity))
        if phase.state in GIVEN_UP:
            done[phase.id] = WorkDone(made or phase.made_so_far or Decimal(0), of, given_up=True)
        elif phase.state is PhaseState.DONE and made is not None:
            done[phase.id] = WorkDone(made, of)
    return done


def with_cost_of_work(job: Job) -> Job:
    """Return the job with its cost adjusted to the work done: by the yield of phases with terms of delivery,
    and by what was done of phases given up. Everything that changes phases calls this. Returns the same job
    if the cost would exceed what documents can carry."""
    economics = job.economics
    if economics is None or not any(line.of_phase for line in economics.cost_lines):
        return job
    lines = with_charges(economics.cost_lines, work_done(job))
    cost = cost_of(lines)
    if lines == economics.cost_lines or cost > MAX_AMOUNT:
        return job
    return replace(job, economics=replace(economics, cost=cost, cost_lines=lines))


def with_approved_price(job: Job, unit_price: Decimal) -> Job:
    """Return the job with an approved price, to which its economics must keep from now on."""
    economics = job.economics and replace(job.economics, unit_price=unit_price, price_reason=None)
    item = replace(job.item, approved_unit_price=unit_price)
    return in_next_version(replace(job, item=item, economics=economics))


def with_goods_allocated(job: Job, allocated: Decimal) -> Job:
    """Return a job taken from stock after `allocated` in all was set aside in the warehouse. The job is done
    once that is the ordered quantity."""
    if job.item.article_id is None or job.state is not JobState.READY or allocated < job.item.quantity:
        return job
    return in_next_version(replace(job, state=JobState.DONE, produced=job.item.quantity))


def bought(job: Job, phase_id: UUID, former: str | None, price: PriceOfWork | None) -> Job:
    """Return the job with the price that a company outside asks for the phase, as a line of its cost. A price
    agreed with the `former` company is removed. Returns the same job if nothing was agreed."""
    economics, phase = job.economics, job.phase(phase_id)
    assert economics is not None, "nobody has work of a job without them"
    finisher = phase.outside.finisher
    if price is None and finisher == former:
        return job
    lines = tuple(each for each in economics.cost_lines if not _is_bought_of(each, phase_id, former))
    if price is not None and finisher is not None:
        if not economics.cost_lines and economics.cost:
            lines = (CostLine(CostKind.OTHER, job.item.description, Decimal(1), economics.cost),)
        bought_work = CostLine(
            CostKind.PHASE,
            phase.name,
            phase.in_own_unit(phase.share_of(job.item.quantity)),
            price.unit_cost,
            supplier=finisher,
            terms=price.terms,
            delivery=price.delivery(phase_id),
        )
        lines = (*lines, bought_work)
    if lines == economics.cost_lines:
        return job
    cost = cost_to_set(None, lines) if lines else Decimal(0)
    return replace(job, economics=replace(economics, cost=cost, cost_lines=lines))


def with_bought_quantities(before: Job, job: Job) -> Job:
    """Return the job, whose quantity has changed, with cost lines adjusted: those that were for the whole of
    a phase are for its whole again."""
    if job.economics is None:
        return job
    was, now = _quantities_of_phases(before), _quantities_of_phases(job)
    lines = tuple(
        replace(line, quantity=now[line.of_phase])
        if line.of_phase in now and line.quantity == was.get(line.of_phase)
        else line
        for line in job.economics.cost_lines
    )
    if lines == job.economics.cost_lines:
        return job
    return replace(job, economics=replace(job.economics, cost=cost_to_set(None, lines), cost_lines=lines))


def _quantities_of_phases(job: Job) -> dict[UUID, Decimal]:
    return {phase.id: phase.in_own_unit(phase.share_of(job.item.quantity)) for phase in job.phases}


def _is_bought_of(line: CostLine, phase_id: UUID, company: str | None) -> bool:
    of_phase = line.delivery is not None and line.delivery.phase_id == phase_id
    return of_phase and company is not None and line.supplier == company


def _with_phases_of(kind: Kind, job: Job, schedule: Schedule, new_id: Callable[[], UUID]) -> Job:
    planned = schedule.periods(kind.phases, job.item.quantity)
    phases = tuple(
        Phase(
            id=new_id(),
            key=step.key,
            name=step.name,
            after=step.after,
            quality_check=step.quality_check,
            skippable=step.skippable,
            unit=step.unit,
            factor=step.factor,
            state=_first_state(step.after),
            starts_on_parts=step.starts_on_parts,
            planned=planned[step.key],
            needs_proof=step.needs_proof,
        )
        for step in kind.phases
    )
    return replace(
        job,
        tolerance_percent=kind.tolerance_percent,
        phases=phases,
        state=JobState.PLANNED if job.economics is None else JobState.READY,
        blocked_reason=None,
    )


def _first_state(after: tuple[str, ...]) -> PhaseState:
    return PhaseState.WAITING if after else PhaseState.READY


def economics_may_change(order: OrderState, job: Job) -> None:
    if order in ENDED:
        raise WrongState("order_ended")
    if job.state is JobState.CANCELLED:
        raise WrongState("job_cancelled")


def kind_may_be_corrected(order: OrderState, job: Job) -> None:
    if order in ENDED:
        raise WrongState("order_ended")
    if job.state is not JobState.BLOCKED:
        raise WrongState("job_not_blocked", kind=job.item.kind)
