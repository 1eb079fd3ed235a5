"""One approval: its state, and the events that the state is made of.

State is what the events say and nothing else: `apply` is the only way in which it changes, and applying
the recorded events in order gives it back. Values are never changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from .approvers import LeftOut
from .quorum import Vote

ApprovalState = Literal[
    "open", "approved", "rejected", "changes_requested", "cancelled", "expired", "not_opened"
]
StepState = Literal[
    "waiting", "pending", "approved", "rejected", "changes_requested", "skipped", "not_required"
]
Outcome = Literal["approved", "rejected", "changes_requested", "skipped", "not_required"]
Origin = Literal["named", "fallback", "forwarded", "escalated"]

PASSED: frozenset[StepState] = frozenset({"approved", "skipped", "not_required"})
"""Step states after which the process goes on."""


@dataclass(frozen=True, slots=True)
class Part:
    """One person's part in one step."""

    person: UUID
    groups: tuple[str, ...]
    why: str
    origin: Origin
    requested_at: datetime
    state: Vote = "requested"
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    """Who acted: the person, or their delegate. None where the same person's earlier approval counts."""
    content_hash: str | None = None
    reason: str | None = None
    moved_to: UUID | None = None
    """To whom the part went when it was forwarded or escalated."""


@dataclass(frozen=True, slots=True)
class StepRun:
    """How far a step is."""

    state: StepState = "waiting"
    round: int = 0
    """Counts how often it began to wait for people."""
    parts: dict[UUID, Part] = field(default_factory=dict)
    opened_at: datetime | None = None
    due_at: datetime | None = None
    overdue_actions: int = 0
    """How many of the step's `due.then` have been carried out in this round."""
    ended_at: datetime | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """One run of a process version over one revision of a subject."""

    id: UUID
    process_key: str
    process_version: int
    subject_type: str
    subject_id: UUID
    subject_revision: int
    requester: UUID
    content: dict[str, Any]
    content_hash: str
    opened_at: datetime
    steps: dict[str, StepRun]
    choices: dict[str, str] = field(default_factory=dict)
    """Which case each choice took."""
    state: ApprovalState = "open"
    ended_at: datetime | None = None
    reason: str | None = None


# -- events: each carries `at`, and is stored with its `kind`


@dataclass(frozen=True, slots=True)
class Opened:
    at: datetime
    approval: UUID
    process_key: str
    process_version: int
    subject_type: str
    subject_id: UUID
    subject_revision: int
    requester: UUID
    content: dict[str, Any]
    content_hash: str
    steps: tuple[str, ...]
    kind: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody named in `StepOpened`."""

    person: UUID
    groups: tuple[str, ...]
    why: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class StepOpened:
    at: datetime
    step: str
    asked: tuple[Asked, ...]
    left_out: tuple[LeftOut, ...] = ()
    due_at: datetime | None = None
    remind_at: tuple[datetime, ...] = ()
    kind: Literal["step_opened"] = "step_opened"


@dataclass(frozen=True, slots=True)
class ChoiceTaken:
    at: datetime
    choice: str
    case: str
    kind: Literal["choice_taken"] = "choice_taken"


@dataclass(frozen=True, slots=True)
class PartDecided:
    at: datetime
    step: str
    person: UUID
    """Whose part it is."""
    by: UUID | None
    """Who acted; another than `person` acts on their behalf. None: their own earlier approval counts."""
    outcome: Literal["approved", "rejected", "abstained", "changes_requested"]
    content_hash: str
    reason: str | None = None
    evidence: tuple[dict[str, Any], ...] = ()
    kind: Literal["part_decided"] = "part_decided"


@dataclass(frozen=True, slots=True)
class PartRequested:
    """The directory changed, and the step's rules name somebody more."""

    at: datetime
    step: str
    asked: Asked
    kind: Literal["part_requested"] = "part_requested"


@dataclass(frozen=True, slots=True)
class PartWithdrawn:
    """The directory changed, and this person may no longer be asked."""

    at: datetime
    step: str
    person: UUID
    why: str
    kind: Literal["part_withdrawn"] = "part_withdrawn"


@dataclass(frozen=True, slots=True)
class PartForwarded:
    at: datetime
    step: str
    from_person: UUID
    to_person: UUID
    by: UUID
    reason: str | None
    kind: Literal["part_forwarded"] = "part_forwarded"


@dataclass(frozen=True, slots=True)
class PartEscalated:
    at: datetime
    step: str
    from_person: UUID
    to_person: UUID
    kind: Literal["part_escalated"] = "part_escalated"


@dataclass(frozen=True, slots=True)
class DueMoved:
    """An overdue action was carried out; the next is due at `due_at`, if there is one."""

    at: datetime
    step: str
    actions: int
    due_at: datetime | None
    kind: Literal["due_moved"] = "due_moved"


@dataclass(frozen=True, slots=True)
class Reminded:
    at: datetime
    step: str
    people: tuple[UUID, ...]
    kind: Literal["reminded"] = "reminded"


@dataclass(frozen=True, slots=True)
class StepEnded:
    at: datetime
    step: str
    outcome: Outcome
    because: str
    """`votes`, `condition`, `nobody`, `requester`, `overdue`, `join`, `ended` …"""
    kind: Literal["step_ended"] = "step_ended"


@dataclass(frozen=True, slots=True)
class StepReopened:
    """The step waits again; it opens in its turn."""

    at: datetime
    step: str
    because: Literal["amended", "sent_back", "condition"]
    fields: tuple[str, ...] = ()
    kind: Literal["step_reopened"] = "step_reopened"


@dataclass(frozen=True, slots=True)
class Amended:
    at: datetime
    content: dict[str, Any]
    content_hash: str
    fields: tuple[str, ...]
    kind: Literal["amended"] = "amended"


@dataclass(frozen=True, slots=True)
class Migrated:
    """The approval follows another version of its process from here on."""

    at: datetime
    process_version: int
    steps: tuple[str, ...]
    kind: Literal["migrated"] = "migrated"


@dataclass(frozen=True, slots=True)
class Ended:
    at: datetime
    outcome: Literal["approved", "rejected", "changes_requested", "cancelled", "expired"]
    reason: str | None = None
    by: UUID | None = None
    kind: Literal["ended"] = "ended"


Event = (
    Opened
    | StepOpened
    | ChoiceTaken
    | PartDecided
    | PartRequested
    | PartWithdrawn
    | PartForwarded
    | PartEscalated
    | DueMoved
    | Reminded
    | StepEnded
    | StepReopened
    | Amended
    | Migrated
    | Ended
)


def apply(approval: Approval | None, event: Event) -> Approval:
    """The state after one more event. The first event is `Opened`, and only the first."""
    if approval is None:
        assert isinstance(event, Opened), "an approval's history begins with Opened"
        return _opened(event)
    return _APPLY[type(event)](approval, event)


def rebuild(events: Iterable[Event]) -> Approval:
    """The state that a history leads to."""
    approval: Approval | None = None
    for event in events:
        approval = apply(approval, event)
    assert approval is not None, "a history has at least one event"
    return approval


def _opened(event: Opened) -> Approval:
    return Approval(
        id=event.approval,
        process_key=event.process_key,
        process_version=event.process_version,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        subject_revision=event.subject_revision,
        requester=event.requester,
        content=event.content,
        content_hash=event.content_hash,
        opened_at=event.at,
        steps={key: StepRun() for key in event.steps},
    )


def _with_step(approval: Approval, key: str, run: StepRun) -> Approval:
    return replace(approval, steps={**approval.steps, key: run})


def _with_part(approval: Approval, key: str, *parts: Part) -> Approval:
    run = approval.steps[key]
    return _with_step(approval, key, replace(run, parts={**run.parts, **{p.person: p for p in parts}}))


def _part(asked: Asked, at: datetime) -> Part:
    return Part(asked.person, asked.groups, asked.why, asked.origin, at)


def _step_opened(approval: Approval, event: StepOpened) -> Approval:
    run = StepRun(
        state="pending",
        round=approval.steps[event.step].round + 1,
        parts={asked.person: _part(asked, event.at) for asked in event.asked},
        opened_at=event.at,
        due_at=event.due_at,
    )
    return _with_step(approval, event.step, run)


def _choice_taken(approval: Approval, event: ChoiceTaken) -> Approval:
    return replace(approval, choices={**approval.choices, event.choice: event.case})


def _part_decided(approval: Approval, event: PartDecided) -> Approval:
    part = approval.steps[event.step].parts[event.person]
    decided = replace(
        part,
        state="rejected" if event.outcome == "changes_requested" else event.outcome,
        decided_at=event.at,
        decided_by=event.by,
        content_hash=event.content_hash,
        reason=event.reason,
    )
    return _with_part(approval, event.step, decided)


def _part_requested(approval: Approval, event: PartRequested) -> Approval:
    return _with_part(approval, event.step, _part(event.asked, event.at))


def _part_withdrawn(approval: Approval, event: PartWithdrawn) -> Approval:
    part = approval.steps[event.step].parts[event.person]
    return _with_part(approval, event.step, replace(part, state="cancelled", decided_at=event.at))


def _part_moved(approval: Approval, event: PartForwarded | PartEscalated) -> Approval:
    part = approval.steps[event.step].parts[event.from_person]
    left = replace(part, state="cancelled", decided_at=event.at, moved_to=event.to_person)
    origin: Origin = "forwarded" if isinstance(event, PartForwarded) else "escalated"
    taken = Part(event.to_person, part.groups, f"{origin}:{event.from_person}", origin, event.at)
    return _with_part(approval, event.step, left, taken)


def _due_moved(approval: Approval, event: DueMoved) -> Approval:
    run = approval.steps[event.step]
    due_at = event.due_at or run.due_at
    return _with_step(approval, event.step, replace(run, overdue_actions=event.actions, due_at=due_at))


def _reminded(approval: Approval, event: Reminded) -> Approval:
    return approval


def _closed_parts(run: StepRun, state: Vote, at: datetime) -> dict[UUID, Part]:
    return {
        person: replace(part, state=state, decided_at=at) if part.state == "requested" else part
        for person, part in run.parts.items()
    }


def _step_ended(approval: Approval, event: StepEnded) -> Approval:
    run = approval.steps[event.step]
    state: Vote = "cancelled" if event.because == "cancelled" else "not_required"
    parts = _closed_parts(run, state, event.at)
    ended = replace(run, state=event.outcome, parts=parts, ended_at=event.at, because=event.because)
    return _with_step(approval, event.step, ended)


def _step_reopened(approval: Approval, event: StepReopened) -> Approval:
    run = approval.steps[event.step]
    parts = _closed_parts(run, "cancelled", event.at)
    again = replace(run, state="waiting", parts=parts, due_at=None, ended_at=None, because=event.because)
    return _with_step(approval, event.step, again)


def _amended(approval: Approval, event: Amended) -> Approval:
    return replace(approval, content=event.content, content_hash=event.content_hash)


def _migrated(approval: Approval, event: Migrated) -> Approval:
    steps = {key: approval.steps.get(key) or StepRun() for key in event.steps}
    return replace(approval, process_version=event.process_version, steps=steps)


def _ended(approval: Approval, event: Ended) -> Approval:
    steps = {
        key: replace(run, state="not_required", ended_at=event.at, because="ended")
        if run.state == "waiting"
        else run
        for key, run in approval.steps.items()
    }
    return replace(approval, state=event.outcome, ended_at=event.at, reason=event.reason, steps=steps)


_APPLY: dict[type, Callable[[Approval, Any], Approval]] = {
    StepOpened: _step_opened,
    ChoiceTaken: _choice_taken,
    PartDecided: _part_decided,
    PartRequested: _part_requested,
    PartWithdrawn: _part_withdrawn,
    PartForwarded: _part_moved,
    PartEscalated: _part_moved,
    DueMoved: _due_moved,
    Reminded: _reminded,
    StepEnded: _step_ended,
    StepReopened: _step_reopened,
    Amended: _amended,
    Migrated: _migrated,
    Ended: _ended,
}
