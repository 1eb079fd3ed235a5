"""What may be done to a phase, in whatever state it, its job and its order are: one table.

The rules read it, the tests try every cell, and docs/architecture/production.md shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class OrderState(StrEnum):
    CONFIRMED = "confirmed"
    IN_PRODUCTION = "in_production"
    READY = "ready"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class JobState(StrEnum):
    PLANNED = "planned"
    """Waits for its economics."""
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"
    """Waits for its kind to be defined."""
    CANCELLED = "cancelled"


class PhaseState(StrEnum):
    WAITING = "waiting"
    """For its predecessors. It may have an assignee already."""
    READY = "ready"
    """Waits for an assignee."""
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    TO_INSPECT = "to_inspect"
    """Completed; its quality check is still to be passed."""
    DONE = "done"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Action(StrEnum):
    ASSIGN = "assign"
    REPLACE = "replace"
    """Assign, or hand over, a phase whose assignee has left or is to do it no longer, for a reason."""
    GIVE_BACK = "give_back"
    START = "start"
    REPORT = "report"
    """Hand in a part of the work; the rest is still to be done."""
    COMPLETE = "complete"
    """A phase without a quality check is accepted in the same breath."""
    ACCEPT = "accept"
    REJECT = "reject"
    SKIP = "skip"
    OUTSOURCE = "outsource"
    """Give the work to a company outside, or take it back."""
    SPLIT = "split"
    """Take a share of the work from whoever has it, as a phase beside theirs."""
    JOIN = "join"
    """Make one phase of two shares that are not begun."""


class Change(StrEnum):
    """Of what was ordered, after its confirmation."""

    DEADLINE = "deadline"
    QUANTITY = "quantity"
    DESTINATIONS = "destinations"


@dataclass(frozen=True, slots=True)
class Refused:
    code: str


_Row = Mapping[Action, PhaseState | Refused]

TO_DO: Final = PhaseState.READY
"""As an outcome: ready, assigned or waiting, as the phase's assignee and predecessors say."""


def _row(otherwise: str, **outcomes: PhaseState | str) -> _Row:
    found: dict[Action, PhaseState | Refused] = {}
    for action in Action:
        outcome = outcomes.get(action.value, otherwise)
        found[action] = outcome if isinstance(outcome, PhaseState) else Refused(outcome)
    return found


BY_ORDER: Final[Mapping[OrderState, Mapping[Action, Refused]]] = {
    state: dict.fromkeys(Action, Refused("order_ended")) if state in ("delivered", "cancelled") else {}
    for state in OrderState
}
"""Nothing changes in a delivered or cancelled order, whatever the call."""

BY_JOB: Final[Mapping[JobState, Mapping[Action, Refused]]] = {
    JobState.PLANNED: dict.fromkeys(Action, Refused("economics_not_set")),
    JobState.READY: {},
    JobState.RUNNING: {},
    JobState.DONE: {Action.REJECT: Refused("job_already_done")},
    JobState.BLOCKED: dict.fromkeys(Action, Refused("job_blocked")),
    JobState.CANCELLED: dict.fromkeys(Action, Refused("job_cancelled")),
}

BY_PHASE: Final[Mapping[PhaseState, _Row]] = {
    PhaseState.WAITING: _row(
        "phase_wrong_state",
        assign=TO_DO,
        replace=TO_DO,
        give_back=TO_DO,
        start="predecessors_not_over",
        skip=PhaseState.SKIPPED,
        outsource=TO_DO,
        split=TO_DO,
        join=TO_DO,
    ),
    PhaseState.READY: _row(
        "phase_wrong_state",
        assign=TO_DO,
        replace=TO_DO,
        skip=PhaseState.SKIPPED,
        outsource=TO_DO,
        split=TO_DO,
        join=TO_DO,
    ),
    PhaseState.ASSIGNED: _row(
        "phase_wrong_state",
        assign=TO_DO,
        replace=TO_DO,
        give_back=TO_DO,
        start=PhaseState.IN_PROGRESS,
        skip=PhaseState.SKIPPED,
        outsource=TO_DO,
        split=TO_DO,
        join=TO_DO,
    ),
    PhaseState.IN_PROGRESS: _row(
        "phase_wrong_state",
        assign="phase_already_started",
        replace=TO_DO,
        give_back=TO_DO,
        report=PhaseState.IN_PROGRESS,
        complete=PhaseState.TO_INSPECT,
        outsource="phase_already_started",
        split=PhaseState.IN_PROGRESS,
        join="phase_already_started",
    ),
    PhaseState.TO_INSPECT: _row(
        "phase_wrong_state",
        assign="phase_already_started",
        replace="phase_already_started",
        accept=PhaseState.DONE,
        reject=TO_DO,
        outsource="phase_already_started",
        join="phase_already_started",
    ),
    PhaseState.DONE: _row(
        "phase_wrong_state",
        assign="phase_already_started",
        replace="phase_already_started",
        reject=TO_DO,
        outsource="phase_already_started",
        join="phase_already_started",
    ),
    PhaseState.SKIPPED: _row("phase_wrong_state"),
    PhaseState.CANCELLED: _row("phase_wrong_state"),
}


CHANGES_BY_ORDER: Final[Mapping[OrderState, Mapping[Change, Refused]]] = {
    state: dict.fromkeys(Change, Refused("order_ended")) if state in ("delivered", "cancelled") else {}
    for state in OrderState
}
CHANGES_BY_JOB: Final[Mapping[JobState, Mapping[Change, Refused]]] = {
    **{state: {} for state in JobState},
    JobState.DONE: {Change.QUANTITY: Refused("job_already_made")},
    JobState.CANCELLED: dict.fromkeys((Change.QUANTITY, Change.DESTINATIONS), Refused("job_cancelled")),
}


def refusal_of(change: Change, order: OrderState, job: JobState | None = None) -> Refused | None:
    """Why the order, or the line that the job makes, may not be changed so; None where it may."""
    return CHANGES_BY_ORDER[order].get(change) or (CHANGES_BY_JOB[job].get(change) if job else None)


def outcome(action: Action, phase: PhaseState, job: JobState, order: OrderState) -> PhaseState | Refused:
    """The phase's next state, or why there is none: the order answers first, then the job, then the phase."""
    return BY_ORDER[order].get(action) or BY_JOB[job].get(action) or BY_PHASE[phase][action]


def is_possible(action: Action, phase: PhaseState, job: JobState, order: OrderState) -> bool:
    """Whether the table allows it; rules of the job may still refuse it."""
    return not isinstance(outcome(action, phase, job, order), Refused)
