"""Which actions are possible in each state of a phase, its job and its order, as one table.

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
    """It waits for its economics."""
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"
    """It waits for its kind to be defined."""
    CANCELLED = "cancelled"


class PhaseState(StrEnum):
    WAITING = "waiting"
    """It waits for its predecessors. It may have an assignee already."""
    READY = "ready"
    """It waits for an assignee."""
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    TO_INSPECT = "to_inspect"
    """It is completed; its quality check is still to be passed."""
    DONE = "done"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Action(StrEnum):
    ASSIGN = "assign"
    REPLACE = "replace"
    """Assign, or hand over for a reason, a phase whose assignee has left or is not to do it any longer."""
    GIVE_BACK = "give_back"
    START = "start"
    REPORT = "report"
    """Hand in a part of the work; the rest is still to be done."""
    COMPLETE = "complete"
    """A phase without a quality check is accepted at the same time."""
    ACCEPT = "accept"
    REJECT = "reject"
    SKIP = "skip"
    OUTSOURCE = "outsource"
    """Give the work to a company outside, or take it back."""
    SPLIT = "split"
    """Split off a share of the work from its assignee, as a separate phase."""
    JOIN = "join"
    """Join two shares that are not begun into one phase."""


class Change(StrEnum):
    """A change of what was ordered, after the confirmation."""

    DEADLINE = "deadline"
    QUANTITY = "quantity"
    DESTINATIONS = "destinations"


@dataclass(frozen=True, slots=True)
class Refused:
    code: str


_Row = Mapping[Action, PhaseState | Refused]

TO_DO: Final = PhaseState.READY
"""As an outcome, this means ready, assigned or waiting, depending on the phase's assignee and
predecessors."""


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
    """Return why the order, or the line that the job makes, may not be changed so; None if it may."""
    return CHANGES_BY_ORDER[order].get(change) or (CHANGES_BY_JOB[job].get(change) if job else None)


def outcome(action: Action, phase: PhaseState, job: JobState, order: OrderState) -> PhaseState | Refused:
    """Return the phase's next state, or why there is none: the order answers first, then the job, then the
    phase."""
    return BY_ORDER[order].get(action) or BY_JOB[job].get(action) or BY_PHASE[phase][action]


def is_possible(action: Action, phase: PhaseState, job: JobState, order: OrderState) -> bool:
    """Tell whether the table allows the action. Rules of the job may still refuse it."""
    return not isinstance(outcome(action, phase, job, order), Refused)
