"""What must hold before somebody acts on a phase, and the state that it comes to."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Term, WrongState

from .job import BEGUN, THOUSANDTH, Job, Phase, awaited_by, predecessors_of, shares_of
from .machine import Action, OrderState, PhaseState, Refused, outcome
from .quantities import finished_so_far, least_to_complete
from .shares import MOST_SHARES, most_to_split_off, shares_to_join


def next_state(
    action: Action, order: OrderState, job: Job, phase: Phase, by: UUID | None = None
) -> PhaseState:
    """Return the phase's state after the action. Raises WrongState if the table or a rule of the action
    refuses it. `by` is the person who acts, if that matters."""
    found = outcome(action, phase.state, job.state, order)
    if isinstance(found, Refused):
        awaited = awaited_by(job, phase) if found.code == "predecessors_not_over" else ""
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


def _its_proof_is_approved(phase: Phase) -> None:
    """Refuse to begin a phase whose proof is missing. A phase that has begun goes on, whatever becomes of the
    proof."""
    if phase.proof_missing:
        raise WrongState("proof_not_approved", phase=phase.name)


def _what_comes_before_is_over(job: Job, phase: Phase) -> None:
    """Refuse to end a phase before those that come before it, even if it began on parts of theirs."""
    if awaited := awaited_by(job, phase):
        raise WrongState("predecessors_not_complete", phase=phase.name, awaited=awaited)


def _nobody_accepts_their_own_work(phase: Phase, by: UUID | None) -> None:
    if by is not None and phase.assignee_id == by:
        raise WrongState("own_work", phase=phase.name)


def _no_later_phase_has_begun(job: Job, phase: Phase) -> None:
    """Refuse if work after this phase has begun. A skipped phase has not begun, but the phases after it may
    have."""
    for other in job.phases:
        begun = other.state in BEGUN or other.made_so_far is not None or other.outside.begun
        if begun and phase.key in predecessors_of(job, other):
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
    if most_to_split_off(job, phase) < phase.factor * THOUSANDTH:
        raise WrongState("nothing_left_to_split", phase=phase.name)


def _a_share_fits(job: Job, phase: Phase) -> None:
    if not shares_to_join(job, phase):
        raise WrongState("nothing_to_join", phase=phase.name)


def _something_is_made(job: Job, phase: Phase) -> None:
    """Refuse to skip the last remaining phase: the job would yield goods that nobody made."""
    if all(other.state is PhaseState.SKIPPED for other in job.phases if other.id != phase.id):
        raise WrongState("nothing_left_to_make", phase=phase.name)
