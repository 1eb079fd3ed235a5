"""What people do with a phase, and what becomes of the job's other phases by it. Also how a whole job is
stopped and resumed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Invalid

from .job import (
    NOT_STARTED,
    OPEN,
    TO_DO,
    Job,
    Phase,
    RejectedAttempt,
    in_next_version,
    keys_passed,
    shares_of,
)
from .job_changes import with_cost_of_work
from .machine import Action, JobState, OrderState, PhaseState
from .outside import AT_HOME
from .phase_rules import next_state
from .quantities import (
    handed_in,
    loss_has_a_reason,
    part_is_there_to_make,
    produced_quantity,
    quantity_includes_what_was_handed_in,
    quantity_is_here,
    quantity_is_within_tolerance,
    quantity_was_handed_on,
    to_work_on,
)
from .shares import shares_to_join, something_stays_with_its_assignee, what_is_split_off, with_costs_of


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
    job = _settled(with_costs_of(replace(job, phases=phases), goes.id, stays.id), after)
    return job, job.phase(stays.id), goes


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
    return with_cost_of_work(in_next_version(replace(job, state=JobState.CANCELLED, phases=phases)))


def closed(job: Job, reason: str) -> Job:
    """Return the job with its line closed short: open phases end, and no more is due than was shipped."""
    stopped = in_next_version(job) if job.state is JobState.DONE else cancelled(job)
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


def _settled(job: Job, *changed: Phase) -> Job:
    """Return the job after some of its phases changed: update which phases may begin, what the job costs, and
    whether it is done."""
    now = {phase.id: phase for phase in changed}
    job = in_next_version(replace(job, phases=tuple(now.get(phase.id, phase) for phase in job.phases)))
    passed = keys_passed(job)
    phases = tuple(
        _ready_or_waiting(p, _with_parts(job, p, passed)) if p.state in NOT_STARTED else p for p in job.phases
    )
    job = with_cost_of_work(replace(job, phases=phases))
    all_passed = passed.issuperset(phase.key for phase in job.phases)
    if job.phases and all_passed and job.state in (JobState.READY, JobState.RUNNING):
        return replace(job, state=JobState.DONE, produced=produced_quantity(job))
    return job


def _with_parts(job: Job, phase: Phase, passed: set[str]) -> set[str]:
    """Return `passed` and, for a phase that may begin on parts, also the phases that have handed in some."""
    if not phase.starts_on_parts:
        return passed
    begun = {p.key for p in job.phases if p.state in TO_DO}
    return passed | {key for key in begun if handed_in(job, key) is not None}


def _ready_or_waiting(phase: Phase, over: set[str]) -> Phase:
    if not over.issuperset(phase.after):
        return replace(phase, state=PhaseState.WAITING)
    return replace(phase, state=PhaseState.ASSIGNED if phase.assignee_id else PhaseState.READY)


def _state_before_cancellation(phase: Phase) -> PhaseState:
    if phase.completed_at:
        return PhaseState.TO_INSPECT
    return PhaseState.IN_PROGRESS if phase.started_at else PhaseState.WAITING
