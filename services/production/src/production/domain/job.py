"""A job and the graph of its phases: who does what, and what must come before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final
from uuid import UUID

from optima_kit.refusals import Absent, Invalid, Term, WrongState

from .amendments import Amendment
from .charges import PriceOfWork, WorkDone
from .deliveries import Delivery
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
from .kinds import DEFAULT_TOLERANCE_PERCENT, Kind
from .machine import Action, JobState, OrderState, PhaseState, Refused, outcome
from .outside import AT_HOME, Outside, WorkOutside
from .plan import Period, Schedule

KIND_UNKNOWN: Final = "kind unknown"
_THOUSANDTH: Final = Decimal("0.001")
_STEPS: Final = (Decimal(1), Decimal("0.1"))
MOST_SHARES: Final = 20
"""The most shares that one phase may be split into."""


NOT_STARTED: Final = frozenset({PhaseState.WAITING, PhaseState.READY, PhaseState.ASSIGNED})
TO_DO: Final = NOT_STARTED | {PhaseState.IN_PROGRESS}
BEGUN: Final = frozenset({PhaseState.IN_PROGRESS, PhaseState.TO_INSPECT, PhaseState.DONE})
OPEN: Final = TO_DO | {PhaseState.TO_INSPECT}
ENDED: Final = frozenset({OrderState.DELIVERED, OrderState.CANCELLED})
"""The states of an order in which nothing changes any more."""
GIVEN_UP: Final = frozenset({PhaseState.SKIPPED, PhaseState.CANCELLED})
"""States of phases whose remaining work will not be done."""
OVER: Final = GIVEN_UP | {PhaseState.DONE}
OPEN_TASKS: Final = OPEN - {PhaseState.READY}
GRANTING: Final = OPEN_TASKS | {PhaseState.DONE}
"""The states in which a phase is visible to its assignee as a task. A phase that is ready has no assignee."""


@dataclass(frozen=True, slots=True)
class Phase:
    id: UUID
    key: str
    name: str
    after: tuple[str, ...]
    quality_check: bool
    skippable: bool
    state: PhaseState
    assignee_id: UUID | None = None
    attempt: int = 1
    started_at: datetime | None = None
    completed_at: datetime | None = None
    quantity: Decimal | None = None
    note: str = ""
    unit: str | None = None
    """The unit of its quantities; None for the job's unit."""
    factor: Decimal = Decimal(1)
    """How many of the job's units one of this phase's units makes."""
    lost: Decimal | None = None
    """What was lost of the quantity there was to work on; None until the phase is completed."""
    loss_reason: str | None = None
    starts_on_parts: bool = False
    """Whether it may begin on a part of what the phases before it make."""
    made_so_far: Decimal | None = None
    """The quantity handed in before completion, in the phase's unit. The final `quantity` includes it."""
    planned: Period | None = None
    """The days on which it is to be worked on. None for phases older than plans."""
    needs_proof: bool = False
    """Whether it can begin only once the proofs of its brief are approved."""
    proof_missing: bool = False
    """Whether it needs a proof and lacks it: the newest version of one of the brief's proofs is not approved,
    or there is no proof yet. Nothing is missing for orders without a brief: nobody could approve a proof."""
    outside: Outside = AT_HOME
    """The company outside that does it, and what went there and came back, in the phase's unit."""
    share: Decimal | None = None
    """The part of the job that it is for, in the job's unit; phases with the same key do the rest. None for
    all."""
    share_number: int = 1
    """Its number among the phases with the same key."""

    def share_of(self, ordered: Decimal) -> Decimal:
        """Return how much of the job this phase is for, in the job's unit."""
        return ordered if self.share is None else self.share

    def in_own_unit(self, quantity: Decimal, rounding: str = ROUND_FLOOR) -> Decimal:
        """Convert a quantity of the job into the phase's unit, to three decimals. A quantity above zero gives
        at least a thousandth, because nobody could hand in less."""
        rounded = (quantity / self.factor).quantize(_THOUSANDTH, rounding)
        return max(rounded, _THOUSANDTH) if quantity > 0 else rounded


@dataclass(frozen=True, slots=True)
class RejectedAttempt:
    """Work that quality refused, kept as it was."""

    phase_id: UUID
    attempt: int
    assignee_id: UUID
    started_at: datetime
    completed_at: datetime
    quantity: Decimal
    note: str
    rejected_at: datetime
    rejected_by: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an order, before a job is made of it."""

    item_id: UUID | None
    kind: str
    description: str
    quantity: Decimal
    unit: str
    deliveries: tuple[Delivery, ...]
    approved_unit_price: Decimal | None = None
    """The price approved with the brief. None if there is no brief, or if it was approved without prices."""
    article_id: UUID | None = None
    """The article from whose stock the line is taken; nothing is made for it. `kind` is then the article's
    code."""
    confirmed: Decimal | None = None
    """The approved quantity: the one that the order was confirmed with, until another is approved. None as
    long as the item belongs to no order."""


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    order_id: UUID
    position: int
    item: Item
    tolerance_percent: Decimal
    state: JobState
    phases: tuple[Phase, ...]
    economics: Economics | None = None
    blocked_reason: str | None = None
    started_at: datetime | None = None
    """When its first phase began."""
    produced: Decimal | None = None
    closed_because: str | None = None
    """Why the line was closed short: no more is due than was shipped."""
    amendment: Amendment | None = None
    """The amendment that is in approval."""
    version: int = 1

    def phase(self, phase_id: UUID) -> Phase:
        for phase in self.phases:
            if phase.id == phase_id:
                return phase
        raise Absent("phase_absent")


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
    return _changed(_with_phases_of(kind, job, schedule, new_id))


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
    return _changed(replace(job, economics=economics, state=state))


def phases_given_up(job: Job) -> int:
    return sum(phase.state in GIVEN_UP for phase in job.phases)


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
    return _changed(replace(job, item=item, economics=economics))


def with_goods_allocated(job: Job, allocated: Decimal) -> Job:
    """Return a job taken from stock after `allocated` in all was set aside in the warehouse. The job is done
    once that is the ordered quantity."""
    if job.item.article_id is None or job.state is not JobState.READY or allocated < job.item.quantity:
        return job
    return _changed(replace(job, state=JobState.DONE, produced=job.item.quantity))


def assigned(order: OrderState, job: Job, phase_id: UUID, assignee_id: UUID, *, replaces: bool) -> Job:
    """Return the job with the phase assigned to a person. `replaces` tells that the present assignee is no
    longer active, or is not to do the phase any longer."""
    phase = job.phase(phase_id)
    action = Action.REPLACE if replaces else Action.ASSIGN
    after = replace(
        phase, state=next_state(action, order, job, phase), started_at=None, assignee_id=assignee_id
    )
    return _settled(job, after)


def after_departure_of(job: Job, person_id: UUID, successor_id: UUID | None) -> tuple[Job, tuple[Phase, ...]]:
    """Return the job after a person has left, and the phases that change. What they had still to do goes to
    the successor or, without one, to nobody; work that they had begun begins anew. Work that waits for
    inspection keeps the name of the person who did it."""
    mine = [phase for phase in job.phases if phase.assignee_id == person_id and phase.state in TO_DO]
    if not mine:
        return job, ()
    fresh = [
        replace(phase, state=PhaseState.READY, started_at=None, assignee_id=successor_id) for phase in mine
    ]
    job = _settled(job, *fresh)
    return job, tuple(job.phase(phase.id) for phase in mine)


def given_back(order: OrderState, job: Job, phase_id: UUID) -> Job:
    """Return the job with the phase taken from its assignee, who can't do it. What they handed in stays."""
    phase = job.phase(phase_id)
    state = next_state(Action.GIVE_BACK, order, job, phase)
    return _settled(job, replace(phase, state=state, started_at=None, assignee_id=None))


def reported(order: OrderState, job: Job, phase_id: UUID, quantity: Decimal) -> Job:
    """Return the job after a further part of the phase was handed in, in the phase's unit. The rest is still
    to be done."""
    phase = job.phase(phase_id)
    state = next_state(Action.REPORT, order, job, phase)
    part_is_there_to_make(job, phase, quantity)
    return _settled(job, replace(phase, state=state, made_so_far=(phase.made_so_far or 0) + quantity))


def outsourced(order: OrderState, job: Job, phase_id: UUID, finisher: str | None) -> Job:
    """Return the job with the phase given to a company outside, whose work the assignee follows up, or taken
    back if `finisher` is None."""
    phase = job.phase(phase_id)
    state = next_state(Action.OUTSOURCE, order, job, phase)
    return _settled(job, replace(phase, state=state, outside=replace(phase.outside, finisher=finisher)))


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


def work_outside(order: OrderState, job: Job, phase: Phase) -> WorkOutside:
    """Return what may be sent out of the phase: while it is being worked on, all there is to work on, plus a
    replacement for what came back of refused attempts."""
    at_work = order not in ENDED and phase.state is PhaseState.IN_PROGRESS
    return WorkOutside(phase.outside.finisher, at_work, phase.outside.before.all + most_to_make(job, phase))


def split(order: OrderState, job: Job, phase_id: UUID, quantity: Decimal, *, share_id: UUID) -> Job:
    """Return the job with a part of the phase, in the phase's unit, split off as a phase of its own without
    an assignee."""
    phase = job.phase(phase_id)
    state = next_state(Action.SPLIT, order, job, phase)
    something_stays_with_its_assignee(job, phase, quantity)
    taken = what_is_split_off(job, phase, quantity)
    number = max(each.share_number for each in shares_of(job, phase.key)) + 1
    rest = replace(phase, state=state, share=phase.share_of(job.item.quantity) - taken)
    added = replace(
        phase,
        id=share_id,
        state=PhaseState.READY,
        assignee_id=None,
        attempt=1,
        started_at=None,
        made_so_far=None,
        outside=AT_HOME,
        share=taken,
        share_number=number,
    )
    at = max(i for i, each in enumerate(job.phases) if each.key == phase.key) + 1
    return _settled(replace(job, phases=(*job.phases[:at], added, *job.phases[at:])), rest)


def joined(order: OrderState, job: Job, phase_id: UUID, other_id: UUID) -> tuple[Job, Phase, Phase]:
    """Join two shares of a phase, which keeps the assignee of either. Returns the job, the phase that stays,
    and the one that is gone."""
    phase = job.phase(phase_id)
    next_state(Action.JOIN, order, job, phase)
    other = next((each for each in shares_to_join(job, phase) if each.id == other_id), None)
    if other is None:
        raise Invalid("shares_do_not_join", field="with_id")
    stays, goes = sorted((phase, other), key=lambda each: each.share_number)
    assert stays.share is not None
    assert goes.share is not None
    whole = len(shares_of(job, phase.key)) == len((stays, goes))
    after = replace(
        stays,
        share=None if whole else stays.share + goes.share,
        assignee_id=stays.assignee_id or goes.assignee_id,
    )
    phases = tuple(each for each in job.phases if each.id != goes.id)
    job = _settled(_with_costs_of(replace(job, phases=phases), goes.id, stays.id), after)
    return job, job.phase(stays.id), goes


def _with_costs_of(job: Job, gone_id: UUID, phase_id: UUID) -> Job:
    """Return the job with the cost lines of a share that is gone moved to the other share."""
    if job.economics is None:
        return job
    lines = tuple(_line_moved(each, gone_id, phase_id) for each in job.economics.cost_lines)
    return replace(job, economics=replace(job.economics, cost_lines=lines))


def _line_moved(line: CostLine, gone_id: UUID, phase_id: UUID) -> CostLine:
    if line.of_phase != gone_id:
        return line
    delivery = line.delivery and replace(line.delivery, phase_id=phase_id)
    return replace(line, delivery=delivery, phase_id=line.phase_id and phase_id)


def shares_to_join(job: Job, phase: Phase) -> list[Phase]:
    """List the other shares that may be joined with the phase: nothing was ever done of either, here or
    outside, and nobody loses a task by it."""
    return [
        each
        for each in _others(job, phase)
        if _is_untouched(each)
        and _is_untouched(phase)
        and (each.assignee_id == phase.assignee_id or None in (each.assignee_id, phase.assignee_id))
    ]


def _is_untouched(phase: Phase) -> bool:
    fresh = phase.state in NOT_STARTED and phase.attempt == 1 and phase.made_so_far is None
    return fresh and phase.outside == AT_HOME


def with_shares_for(job: Job, quantity: Decimal) -> Job:
    """Return the job, whose quantity is about to change, with the shares of its split phases in proportion:
    in whole units if that leaves something to each."""
    split_keys = {phase.key for phase in job.phases if phase.share is not None}
    fitted: dict[UUID, Decimal] = {}
    for key in split_keys:
        phases = shares_of(job, key)
        shares = _in_proportion([each.share_of(quantity) for each in phases], quantity)
        fitted |= {phase.id: share for phase, share in zip(phases, shares, strict=True)}
    phases_after = tuple(
        replace(phase, share=fitted[phase.id]) if phase.id in fitted else phase for phase in job.phases
    )
    return replace(job, phases=phases_after)


def _in_proportion(shares: list[Decimal], total: Decimal) -> list[Decimal]:
    """Scale the shares to `total`. Each is rounded down except the last, which gets the rest."""
    whole = sum(shares, Decimal(0))
    for step in (Decimal(1), _THOUSANDTH):
        fitted = [(share * total / whole).quantize(step, ROUND_FLOOR) for share in shares[:-1]]
        fitted.append(total - sum(fitted, Decimal(0)))
        if min(fitted) > 0:
            return fitted
    raise Invalid("quantity_below_shares", field="quantity", shares=len(shares))


def started(order: OrderState, job: Job, phase_id: UUID, now: datetime) -> Job:
    phase = job.phase(phase_id)
    state = next_state(Action.START, order, job, phase)
    running = replace(job, state=JobState.RUNNING, started_at=job.started_at or now)
    return _settled(running, replace(phase, state=state, started_at=now))


def completed(
    order: OrderState,
    job: Job,
    phase_id: UUID,
    quantity: Decimal,
    note: str,
    now: datetime,
    loss_reason: str | None = None,
) -> Job:
    """Return the job after the assignee completed the phase. A phase with a quality check is then to be
    inspected. `quantity` is in the phase's unit."""
    phase = job.phase(phase_id)
    state = next_state(Action.COMPLETE, order, job, phase)
    quantity_includes_what_was_handed_in(job, phase, quantity)
    quantity_is_within_tolerance(job, phase, quantity)
    quantity_was_handed_on(job, phase, quantity)
    quantity_is_here(job, phase, quantity)
    lost = max(phase.in_own_unit(to_work_on(job, phase)) - quantity, Decimal(0))
    loss_has_a_reason(job, phase, lost, loss_reason)
    after = replace(
        phase,
        state=state,
        completed_at=now,
        quantity=quantity,
        note=note,
        lost=lost,
        loss_reason=loss_reason if lost else None,
    )
    if not phase.quality_check:
        after = replace(after, state=next_state(Action.ACCEPT, order, job, after))
    return _settled(job, after)


def accepted(order: OrderState, job: Job, phase_id: UUID, accepted_by: UUID) -> Job:
    """Return the job after the phase passed its quality check, made by somebody other than the assignee."""
    phase = job.phase(phase_id)
    return _settled(job, replace(phase, state=next_state(Action.ACCEPT, order, job, phase, accepted_by)))


def rejected(
    order: OrderState,
    job: Job,
    phase_id: UUID,
    reason: str,
    *,
    rejected_by: UUID,
    now: datetime,
    assignee_has_left: bool,
) -> tuple[Job, RejectedAttempt]:
    """Send the phase back to its assignee to be done again, or to nobody if they have left. Also returns the
    refused attempt, which is kept."""
    phase = job.phase(phase_id)
    state = next_state(Action.REJECT, order, job, phase)
    assert phase.assignee_id
    assert phase.started_at
    assert phase.completed_at
    assert phase.quantity is not None
    refused = RejectedAttempt(
        phase_id=phase.id,
        attempt=phase.attempt,
        assignee_id=phase.assignee_id,
        started_at=phase.started_at,
        completed_at=phase.completed_at,
        quantity=phase.quantity,
        note=phase.note,
        rejected_at=now,
        rejected_by=rejected_by,
        reason=reason,
    )
    again = replace(
        phase,
        state=state,
        assignee_id=None if assignee_has_left else phase.assignee_id,
        attempt=phase.attempt + 1,
        started_at=None,
        completed_at=None,
        quantity=None,
        note="",
        lost=None,
        loss_reason=None,
        made_so_far=None,
        outside=phase.outside.anew(),
    )
    return _settled(job, again), refused


def skipped(order: OrderState, job: Job, phase_id: UUID) -> Job:
    phase = job.phase(phase_id)
    state = next_state(Action.SKIP, order, job, phase)
    return _settled(job, replace(phase, state=state, assignee_id=None))


def cancelled(job: Job) -> Job:
    """Return the job stopped: its open phases end, and with them their assignees' access. Finished work
    stays."""
    if job.state in (JobState.DONE, JobState.CANCELLED):
        return job
    phases = tuple(replace(p, state=PhaseState.CANCELLED) if p.state in OPEN else p for p in job.phases)
    return with_cost_of_work(_changed(replace(job, state=JobState.CANCELLED, phases=phases)))


def closed(job: Job, reason: str) -> Job:
    """Return the job with its line closed short: open phases end, and no more is due than was shipped."""
    stopped = _changed(job) if job.state is JobState.DONE else cancelled(job)
    return replace(stopped, closed_because=reason)


def resumed(job: Job) -> Job:
    """Return the job as it was before its order was cancelled. A line that was closed before stays closed."""
    if job.state is not JobState.CANCELLED or job.closed_because is not None:
        return job
    phases = tuple(
        replace(p, state=_state_before_cancellation(p)) if p.state is PhaseState.CANCELLED else p
        for p in job.phases
    )
    if job.blocked_reason:
        state = JobState.BLOCKED
    elif job.economics is None and job.item.article_id is None:
        state = JobState.PLANNED
    else:
        state = JobState.RUNNING if job.started_at else JobState.READY
    return _settled(replace(job, state=state, phases=phases))


def quantity_bounds(phase: Phase, ordered: Decimal, tolerance_percent: Decimal) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest quantity that a phase may be completed with, both included, in its
    unit and to three decimals. If that unit is not the job's, the least is rounded down and covers everything
    up to the next thousandth (see `in_unit_of_job`)."""
    share = phase.share_of(ordered)
    margin = _margin(share, tolerance_percent)
    rounding = ROUND_CEILING if phase.factor == 1 else ROUND_FLOOR
    return phase.in_own_unit(share - margin, rounding), phase.in_own_unit(share + margin)


def _margin(share: Decimal, tolerance_percent: Decimal) -> Decimal:
    return share * tolerance_percent / 100


def in_unit_of_job(job: Job, phase: Phase, quantity: Decimal) -> Decimal:
    """Convert a quantity of the phase into the job's unit. Quantities are counted to a thousandth, so each
    one covers all up to the next: 33.333 sheets of three make 100 pieces. Within that range the result is the
    phase's share or, for another quantity, the roundest number within the tolerance."""
    if phase.factor == 1 or quantity == 0:
        return quantity
    share = phase.share_of(job.item.quantity)
    if quantity == phase.in_own_unit(share):
        return share
    least, beyond = quantity * phase.factor, (quantity + _THOUSANDTH) * phase.factor
    most = share + _margin(share, job.tolerance_percent)
    rounded = (least.quantize(step, ROUND_CEILING) for step in _STEPS)
    fitting = (each for each in rounded if each < beyond and each <= most)
    return next(fitting, least.quantize(_THOUSANDTH, ROUND_FLOOR))


def least_to_complete(job: Job, phase: Phase) -> Decimal:
    """Return the least quantity that the phase may be completed with, in its unit. Making all that the phases
    before it yielded is enough, even if rounding leaves it a thousandth short in this unit."""
    least, _ = quantity_bounds(phase, job.item.quantity, job.tolerance_percent)
    return least if _awaited_by(job, phase) else min(least, most_to_make(job, phase))


def quantity_is_within_tolerance(job: Job, phase: Phase, quantity: Decimal) -> None:
    least = least_to_complete(job, phase)
    _, most = quantity_bounds(phase, job.item.quantity, job.tolerance_percent)
    if not least <= quantity <= most:
        raise Invalid(
            "quantity_beyond_tolerance",
            field="quantity",
            least=least,
            most=most,
            unit=phase.unit or job.item.unit,
        )


def shares_of(job: Job, key: str) -> list[Phase]:
    """List the phases that each do a share of the same work, or the one phase that does all of it."""
    return [phase for phase in job.phases if phase.key == key]


def handed_on_to(job: Job, phase: Phase) -> Decimal | None:
    """Return the least of what the phases before it yielded or handed in so far, in the job's unit. None if
    there are none."""
    made = [_handed_in(job, key) for key in _predecessors_of(job, phase)]
    return min((each for each in made if each is not None), default=None)


def to_work_on(job: Job, phase: Phase) -> Decimal:
    """Return what was handed on to the phase or, for a first phase, what was ordered; in the job's unit. A
    share gets its proportion, but nothing that other shares have used already."""
    share, ordered = phase.share_of(job.item.quantity), job.item.quantity
    handed_on = handed_on_to(job, phase)
    if handed_on is None or phase.share is None:
        return share if handed_on is None else handed_on
    fair = (handed_on * share / ordered).quantize(_THOUSANDTH, ROUND_FLOOR)
    return min(fair, handed_on - sum((_made(job, each) for each in _others(job, phase)), Decimal(0)))


def there_for(job: Job, phase: Phase) -> Decimal | None:
    """Return how much of the finished work of earlier phases this phase may use in all, in the job's unit, or
    None if there is no limit. Shares leave each other at least what each has still to make, out of what there
    is now or, if that is more, the least there will be."""
    handed_on = handed_on_to(job, phase)
    if handed_on is None or phase.share is None:
        return handed_on
    others = _others(job, phase)
    made = sum((_made(job, each) for each in others), Decimal(0))
    claimed = sum((_claimed(job, each) for each in others), Decimal(0))
    in_the_end = max(handed_on, _least_of(job, job.item.quantity))
    return max(min(handed_on - made, in_the_end - claimed), Decimal(0))


def _others(job: Job, phase: Phase) -> list[Phase]:
    return [each for each in shares_of(job, phase.key) if each.id != phase.id]


def _made(job: Job, phase: Phase) -> Decimal:
    """Return what was completed or, until then, handed in; in the job's unit."""
    made = phase.quantity if phase.quantity is not None else phase.made_so_far
    return in_unit_of_job(job, phase, made or Decimal(0))


def _claimed(job: Job, phase: Phase) -> Decimal:
    """Return what the phase has made or, if that is more and it is not completed, what it must be able to
    make."""
    if phase.quantity is not None:
        return _made(job, phase)
    return max(_made(job, phase), _least_of(job, phase.share_of(job.item.quantity)))


def _least_of(job: Job, share: Decimal) -> Decimal:
    return share * (100 - job.tolerance_percent) / 100


def quantity_was_handed_on(job: Job, phase: Phase, quantity: Decimal) -> None:
    """Refuse a quantity beyond the yield of the phases before it, apart from rounding by a thousandth: what
    was lost there cannot be worked on. The same limit holds for all shares together."""
    there = there_for(job, phase)
    if there is not None and quantity > phase.in_own_unit(there):
        raise Invalid(
            "quantity_beyond_predecessors",
            field="quantity",
            most=phase.in_own_unit(there),
            unit=phase.unit or job.item.unit,
        )


def most_to_make(job: Job, phase: Phase) -> Decimal:
    """Return the most that the phase may make, in its unit: no more than was handed on to it, and no more
    than the tolerance allows."""
    _, most = quantity_bounds(phase, job.item.quantity, job.tolerance_percent)
    there = there_for(job, phase)
    return most if there is None else min(most, phase.in_own_unit(there))


def most_to_split_off(job: Job, phase: Phase) -> Decimal:
    """Return how much of the phase is still to be made and will be available to somebody else, in the job's
    unit and to three decimals. Whoever keeps the rest can still hand in what they have made."""
    least_made = ((phase.made_so_far or 0) * phase.factor).quantize(_THOUSANDTH, ROUND_CEILING)
    made = max(_made(job, phase), least_made)
    left = phase.share_of(job.item.quantity) - made
    handed_on = handed_on_to(job, phase)
    if handed_on is None:
        return left
    claimed = sum((_claimed(job, each) for each in _others(job, phase)), Decimal(0))
    available = max(handed_on, _least_of(job, job.item.quantity)) - claimed - made
    return min(left, available.quantize(_THOUSANDTH, ROUND_FLOOR))


def _least_to_split_off(phase: Phase) -> Decimal:
    """Return the least quantity, in the phase's unit, that makes a thousandth in the job's."""
    return phase.in_own_unit(_THOUSANDTH, ROUND_CEILING)


def something_stays_with_its_assignee(job: Job, phase: Phase, quantity: Decimal) -> None:
    share = phase.in_own_unit(phase.share_of(job.item.quantity))
    if max(quantity, _least_to_split_off(phase)) >= share:
        raise Invalid("split_takes_all", field="quantity", share=share, unit=phase.unit or job.item.unit)


def what_is_split_off(job: Job, phase: Phase, quantity: Decimal) -> Decimal:
    """Convert the quantity to split off into the job's unit. The most that may be named stands for all that
    may be split off."""
    left, unit = most_to_split_off(job, phase), phase.unit or job.item.unit
    most = phase.in_own_unit(left)
    if quantity > most:
        raise Invalid("split_too_large", field="quantity", most=most, unit=unit)
    if quantity == most:
        return left
    taken = in_unit_of_job(job, phase, quantity)
    if taken <= 0:
        least = min(_least_to_split_off(phase), most)
        raise Invalid("split_too_small", field="quantity", least=least, unit=unit)
    return taken


def quantity_is_here(job: Job, phase: Phase, quantity: Decimal) -> None:
    """Refuse more than is here: what a company outside still has is not made yet."""
    here = phase.outside.made_of(most_to_make(job, phase))
    if quantity > here:
        unit = phase.unit or job.item.unit
        raise Invalid("quantity_beyond_returned", field="quantity", most=here, unit=unit)


def part_is_there_to_make(job: Job, phase: Phase, part: Decimal) -> None:
    """Refuse a part of a phase that is not here, or beyond what there is to make."""
    left = phase.outside.made_of(most_to_make(job, phase)) - (phase.made_so_far or 0)
    if part > left:
        raise Invalid("part_too_large", field="quantity", most=left, unit=phase.unit or job.item.unit)


def quantity_includes_what_was_handed_in(job: Job, phase: Phase, quantity: Decimal) -> None:
    if phase.made_so_far is not None and quantity < phase.made_so_far:
        unit = phase.unit or job.item.unit
        raise Invalid("quantity_below_parts", field="quantity", least=phase.made_so_far, unit=unit)


def loss_has_a_reason(job: Job, phase: Phase, lost: Decimal, reason: str | None) -> None:
    if lost and not reason:
        raise Invalid("loss_reason_missing", field="loss_reason", lost=lost, unit=phase.unit or job.item.unit)


def produced_quantity(job: Job) -> Decimal:
    """Return the job's yield: the least of its last phases that were not skipped.

    It is the least because a piece is whole only once every last phase has made it.
    """
    done = {p.key for p in job.phases if p.state is PhaseState.DONE}
    followed: set[str] = set()
    for phase in job.phases:
        if phase.key in done:
            followed |= _predecessors_of(job, phase)
    return min(sum((_made(job, p) for p in shares_of(job, key)), Decimal(0)) for key in done - followed)


def finished_so_far(job: Job) -> Decimal:
    """Return how much of a job may enter the warehouse while the rest is still being made: the least that its
    last phases, without skipped ones, have handed in. A phase with a quality check counts as none until the
    check is passed. The result never falls again (see `_none_of_it_may_be_in_the_warehouse`)."""
    kept = [phase for phase in job.phases if phase.state is not PhaseState.SKIPPED]
    followed = {key for phase in kept for key in _predecessors_of(job, phase)}
    last = {phase.key for phase in kept} - followed
    made = [_passed_on(job, key) for key in last]
    return min(made, default=Decimal(0))


def _passed_on(job: Job, key: str) -> Decimal:
    """Return what is good of the work with this key, in the job's unit; zero until its quality checks are
    passed."""
    if any(phase.quality_check and phase.state is not PhaseState.DONE for phase in shares_of(job, key)):
        return Decimal(0)
    return _handed_in(job, key) or Decimal(0)


def next_state(
    action: Action, order: OrderState, job: Job, phase: Phase, by: UUID | None = None
) -> PhaseState:
    """Return the phase's state after the action. Raises WrongState if the table or a rule of the action
    refuses it. `by` is the person who acts, if that matters."""
    found = outcome(action, phase.state, job.state, order)
    if isinstance(found, Refused):
        awaited = _awaited_by(job, phase) if found.code == "predecessors_not_over" else ""
        state = Term(f"phase_{phase.state.value}")
        raise WrongState(found.code, phase=phase.name, state=state, awaited=awaited)
    if action is Action.START:
        _its_proof_is_approved(phase)
    elif action is Action.REPORT:
        something_is_back(phase)
    elif action is Action.COMPLETE:
        _what_comes_before_is_over(job, phase)
        enough_is_back(phase, least_to_complete(job, phase))
    elif action is Action.ACCEPT:
        _nobody_accepts_their_own_work(phase, by)
    elif action is Action.REJECT:
        _no_later_phase_has_begun(job, phase)
        _none_of_it_may_be_in_the_warehouse(job, phase)
    elif action is Action.SKIP:
        _only_a_skippable_phase_is_skipped(phase)
        _something_is_made(job, phase)
    elif action is Action.OUTSOURCE:
        _nothing_is_away(phase)
    elif action is Action.SPLIT:
        none_of_it_is_outside(phase)
        _it_is_not_in_shares_too_many(job, phase)
        _something_is_left_to_split(job, phase)
    elif action is Action.JOIN:
        _a_share_fits(job, phase)
    return found


def _settled(job: Job, *changed: Phase) -> Job:
    """Return the job after some of its phases changed: update which phases may begin, what the job costs, and
    whether it is done."""
    now = {phase.id: phase for phase in changed}
    job = _changed(replace(job, phases=tuple(now.get(phase.id, phase) for phase in job.phases)))
    passed = _passed(job)
    phases = tuple(
        _ready_or_waiting(p, _with_parts(job, p, passed)) if p.state in NOT_STARTED else p for p in job.phases
    )
    job = with_cost_of_work(replace(job, phases=phases))
    all_passed = passed.issuperset(phase.key for phase in job.phases)
    if job.phases and all_passed and job.state in (JobState.READY, JobState.RUNNING):
        return replace(job, state=JobState.DONE, produced=produced_quantity(job))
    return job


def _passed(job: Job) -> set[str]:
    """Return the keys of phases that no longer hold up those after them: phases done in all their shares, and
    skipped ones that come after only such phases."""
    passed: set[str] = set()
    while True:
        held_up = {
            phase.key
            for phase in job.phases
            if phase.state is not PhaseState.DONE
            and not (phase.state is PhaseState.SKIPPED and passed.issuperset(phase.after))
        }
        more = {phase.key for phase in job.phases} - held_up - passed
        if not more:
            return passed
        passed |= more


def _with_parts(job: Job, phase: Phase, passed: set[str]) -> set[str]:
    """Return `passed` and, for a phase that may begin on parts, also the phases that have handed in some."""
    if not phase.starts_on_parts:
        return passed
    begun = {p.key for p in job.phases if p.state in TO_DO}
    return passed | {key for key in begun if _handed_in(job, key) is not None}


def _handed_in(job: Job, key: str) -> Decimal | None:
    """Return how much of the work with this key may be worked on further, in the job's unit, or None. Parts
    are not inspected: with a quality check, nothing is handed on until the whole is done, in all its
    shares."""
    shares = shares_of(job, key)
    if len(shares) > 1 and any(p.quality_check and p.state is not PhaseState.DONE for p in shares):
        return None
    made = [p.made_so_far if p.quantity is None and not p.quality_check else p.quantity for p in shares]
    found = [in_unit_of_job(job, p, each) for p, each in zip(shares, made, strict=True) if each is not None]
    return sum(found, Decimal(0)) if found else None


def _ready_or_waiting(phase: Phase, over: set[str]) -> Phase:
    if not over.issuperset(phase.after):
        return replace(phase, state=PhaseState.WAITING)
    return replace(phase, state=PhaseState.ASSIGNED if phase.assignee_id else PhaseState.READY)


def _state_before_cancellation(phase: Phase) -> PhaseState:
    if phase.completed_at:
        return PhaseState.TO_INSPECT
    return PhaseState.IN_PROGRESS if phase.started_at else PhaseState.WAITING


def _predecessors_of(job: Job, phase: Phase) -> set[str]:
    """Return the keys of all phases before this one, direct or not."""
    by_key = {p.key: p for p in job.phases}
    found: set[str] = set()
    to_visit = list(phase.after)
    while to_visit:
        key = to_visit.pop()
        if key not in found:
            found.add(key)
            to_visit.extend(by_key[key].after)
    return found


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


def _changed(job: Job) -> Job:
    return replace(job, version=job.version + 1)


def _awaited_by(job: Job, phase: Phase) -> str:
    """Return the names of the phases that hold this one up."""
    passed = _passed(job)
    names = [each.name for each in job.phases if each.key in phase.after and each.key not in passed]
    return ", ".join(dict.fromkeys(names))


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


def awaits_others(job: Job, phase: Phase) -> bool:
    """Tell whether a phase directly before this one is not over."""
    over = (PhaseState.DONE, PhaseState.SKIPPED)
    return any(other.key in phase.after and other.state not in over for other in job.phases)


def _its_proof_is_approved(phase: Phase) -> None:
    """Refuse to begin a phase whose proof is missing. A phase that has begun goes on, whatever becomes of the
    proof."""
    if phase.proof_missing:
        raise WrongState("proof_not_approved", phase=phase.name)


def _what_comes_before_is_over(job: Job, phase: Phase) -> None:
    """Refuse to end a phase before those that come before it, even if it began on parts of theirs."""
    if awaited := _awaited_by(job, phase):
        raise WrongState("predecessors_not_complete", phase=phase.name, awaited=awaited)


def _nobody_accepts_their_own_work(phase: Phase, by: UUID | None) -> None:
    if by is not None and phase.assignee_id == by:
        raise WrongState("own_work", phase=phase.name)


def _no_later_phase_has_begun(job: Job, phase: Phase) -> None:
    """Refuse if work after this phase has begun. A skipped phase has not begun, but the phases after it may
    have."""
    for other in job.phases:
        begun = other.state in BEGUN or other.made_so_far is not None or other.outside.begun
        if begun and phase.key in _predecessors_of(job, other):
            raise WrongState("work_built_upon", phase=phase.name, successor=other.name)


def _none_of_it_may_be_in_the_warehouse(job: Job, phase: Phase) -> None:
    """Refuse if goods may be in the warehouse already: what was reported as finished may have been received.
    There it is held back, not made again."""
    if phase.state is PhaseState.DONE and finished_so_far(job) > 0:
        raise WrongState("work_finished_in_part", phase=phase.name)


def _only_a_skippable_phase_is_skipped(phase: Phase) -> None:
    if not phase.skippable:
        raise WrongState("phase_not_skippable", phase=phase.name)
    if phase.made_so_far is not None or phase.outside.begun:
        raise WrongState("phase_partly_made", phase=phase.name)
    if phase.share is not None:
        raise WrongState("phase_split", phase=phase.name)


def enough_is_back(phase: Phase, least: Decimal) -> None:
    """Refuse to end work outside before at least `least`, the least that it may be completed with, is
    back."""
    if phase.outside.finisher is not None and phase.outside.made < least:
        raise WrongState("goods_not_back", phase=phase.name, away=phase.outside.away)


def something_is_back(phase: Phase) -> None:
    if phase.outside.finisher is not None and phase.outside.made <= (phase.made_so_far or 0):
        raise WrongState("goods_not_back", phase=phase.name, away=phase.outside.away)


def _nothing_is_away(phase: Phase) -> None:
    """Refuse while goods of the phase are away: the company that has them keeps the work until they are
    back."""
    if phase.outside.away:
        raise WrongState("goods_are_away", phase=phase.name, away=phase.outside.away)


def none_of_it_is_outside(phase: Phase) -> None:
    """Refuse if goods of the phase are outside, or may be on their way there."""
    sendable = phase.outside.finisher is not None and phase.state is PhaseState.IN_PROGRESS
    if sendable or phase.outside.begun:
        raise WrongState("work_is_outside", phase=phase.name)


def _it_is_not_in_shares_too_many(job: Job, phase: Phase) -> None:
    if len(shares_of(job, phase.key)) >= MOST_SHARES:
        raise WrongState("shares_too_many", phase=phase.name, most=MOST_SHARES)


def _something_is_left_to_split(job: Job, phase: Phase) -> None:
    if most_to_split_off(job, phase) < phase.factor * _THOUSANDTH:
        raise WrongState("nothing_left_to_split", phase=phase.name)


def _a_share_fits(job: Job, phase: Phase) -> None:
    if not shares_to_join(job, phase):
        raise WrongState("nothing_to_join", phase=phase.name)


def _something_is_made(job: Job, phase: Phase) -> None:
    """Refuse to skip the last remaining phase: the job would yield goods that nobody made."""
    if all(other.state is PhaseState.SKIPPED for other in job.phases if other.id != phase.id):
        raise WrongState("nothing_left_to_make", phase=phase.name)
