"""One approval: its state, and the events from which the state follows.

The state follows from the events alone. `Progress.take` is the only way to change it, and taking the recorded
events in their order rebuilds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from .approvers import AskedPerson, LeftOut, Origin
from .quorum import Vote
from .subjects import DatedContent
from .values import value

ApprovalState = Literal[
    "open", "approved", "rejected", "changes_requested", "cancelled", "expired", "not_opened", "revoked"
]
StepState = Literal[
    "waiting", "pending", "approved", "rejected", "changes_requested", "skipped", "not_required"
]
Outcome = Literal["approved", "rejected", "changes_requested", "skipped", "not_required"]

PASSED: frozenset[StepState] = frozenset({"approved", "skipped", "not_required"})
"""The states of a step after which the process goes on."""


@value
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
    """Who acted: the person or their delegate. None if the person's earlier approval counts."""
    content_hash: str | None = None
    reason: str | None = None
    moved_to: UUID | None = None
    """The person to whom the part went when it was forwarded, reassigned, escalated or handed over."""


@value
class StepRun:
    """The progress of one step."""

    state: StepState = "waiting"
    round: int = 0
    """How often the step has begun to wait for people."""
    parts: dict[UUID, Part] = field(default_factory=dict)
    opened_at: datetime | None = None
    due_at: datetime | None = None
    remind_at: tuple[datetime, ...] = ()
    overdue_actions: int = 0
    """How many of the step's `due.then` have been carried out in this round."""
    ended_at: datetime | None = None
    because: str | None = None


WAITING = StepRun()


@value
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
    """The case that was taken in each choice."""
    state: ApprovalState = "open"
    ended_at: datetime | None = None
    reason: str | None = None
    before_migration: BeforeMigration | None = None
    """The state before the migration to the present version, as long as the migration can be reverted."""
    today: date | None = None
    """The day on which the content was submitted or last amended, as conditions read it."""

    filled: dict[str, Any] = field(default_factory=dict)
    """The values that approvers have filled in and steps have set, by field."""

    @property
    def judged(self) -> dict[str, Any]:
        """The content together with the values that were filled in and set. Conditions read it, and the
        fields that a step requires are looked up in it."""
        return {**self.content, **self.filled} if self.filled else self.content

    @property
    def dated(self) -> DatedContent:
        return DatedContent(self.judged, self.today)


@value
class BeforeMigration:
    process_version: int
    steps: dict[str, StepRun]
    choices: dict[str, str]
    today: date | None = None


# -- events: each carries `at`, and is stored with its `kind`


@value
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
    today: date | None = None
    kind: Literal["opened"] = "opened"


@value
class StepOpened:
    at: datetime
    step: str
    asked: tuple[AskedPerson, ...]
    left_out: tuple[LeftOut, ...] = ()
    due_at: datetime | None = None
    remind_at: tuple[datetime, ...] = ()
    kind: Literal["step_opened"] = "step_opened"


@value
class ChoiceTaken:
    at: datetime
    choice: str
    case: str
    kind: Literal["choice_taken"] = "choice_taken"


@value
class PartDecided:
    at: datetime
    step: str
    person: UUID
    """The person whose part it is."""
    by: UUID | None
    """Who acted: `person`, or somebody on their behalf. None if the person's earlier approval counts."""
    outcome: Literal["approved", "rejected", "abstained", "changes_requested"]
    content_hash: str
    reason: str | None = None
    evidence: tuple[dict[str, Any], ...] = ()
    filled: dict[str, Any] = field(default_factory=dict)
    """The values that the decision filled in, by field."""
    kind: Literal["part_decided"] = "part_decided"


@value
class PartRequested:
    """The directory changed, and the step's rules name one more person."""

    at: datetime
    step: str
    asked: AskedPerson
    kind: Literal["part_requested"] = "part_requested"


@value
class PartsRequested:
    """The directory changed, and the step's rules name many more people."""

    at: datetime
    step: str
    asked: tuple[AskedPerson, ...]
    kind: Literal["parts_requested"] = "parts_requested"


@value
class PartWithdrawn:
    """The directory changed, and this person may no longer be asked."""

    at: datetime
    step: str
    person: UUID
    why: str
    kind: Literal["part_withdrawn"] = "part_withdrawn"


@value
class PartForwarded:
    at: datetime
    step: str
    from_person: UUID
    to_person: UUID
    by: UUID
    reason: str | None
    kind: Literal["part_forwarded"] = "part_forwarded"


@value
class PartReassigned:
    """An admin let somebody else be asked in a person's place."""

    at: datetime
    step: str
    from_person: UUID
    to_person: UUID
    by: UUID
    reason: str | None
    kind: Literal["part_reassigned"] = "part_reassigned"


@value
class ApproverAdded:
    """A person is asked in addition to those whom the step's rules name, and has to approve as well."""

    at: datetime
    step: str
    asked: AskedPerson
    by: UUID
    reason: str | None
    kind: Literal["approver_added"] = "approver_added"


@value
class DecisionWithdrawn:
    """A part that was decided waits for its decision again."""

    at: datetime
    step: str
    person: UUID
    by: UUID
    """The person whose part it is, or the delegate who had decided it."""
    kind: Literal["decision_withdrawn"] = "decision_withdrawn"


@value
class PartEscalated:
    at: datetime
    step: str
    from_person: UUID
    to_person: UUID
    kind: Literal["part_escalated"] = "part_escalated"


@value
class PartHandedOver:
    """A person has left, and their successor is asked in their place."""

    at: datetime
    step: str
    from_person: UUID
    to_person: UUID
    kind: Literal["part_handed_over"] = "part_handed_over"


@value
class DueMoved:
    """An overdue action was carried out; the next is due at `due_at`, if there is one."""

    at: datetime
    step: str
    actions: int
    due_at: datetime | None
    kind: Literal["due_moved"] = "due_moved"


@value
class Reminded:
    at: datetime
    step: str
    people: tuple[UUID, ...]
    kind: Literal["reminded"] = "reminded"


@value
class StepEnded:
    at: datetime
    step: str
    outcome: Outcome
    because: str
    """`votes`, `condition`, `nobody`, `requester`, `overdue`, `join`, `ended` …"""
    kind: Literal["step_ended"] = "step_ended"


@value
class FieldsSet:
    """The step was decided, and the process has set fields as defined for this outcome."""

    at: datetime
    step: str
    values: dict[str, Any]
    kind: Literal["fields_set"] = "fields_set"


@value
class NoticeSent:
    """People are notified of a step that was decided, as the process defines."""

    at: datetime
    step: str
    people: tuple[UUID, ...]
    outcome: Literal["approved", "rejected"]
    text: str
    kind: Literal["notice_sent"] = "notice_sent"


@value
class StepReopened:
    """The step waits again; it opens in its turn."""

    at: datetime
    step: str
    because: Literal["amended", "sent_back", "condition", "migrated"]
    fields: tuple[str, ...] = ()
    kind: Literal["step_reopened"] = "step_reopened"


@value
class Amended:
    at: datetime
    content: dict[str, Any]
    content_hash: str
    fields: tuple[str, ...]
    today: date | None = None
    kind: Literal["amended"] = "amended"


@value
class Migrated:
    """The approval follows another version of its process from here on."""

    at: datetime
    process_version: int
    steps: tuple[str, ...]
    choices: tuple[str, ...] = ()
    """The choices that stay as they were taken. The others are taken again."""
    by: UUID | None = None
    today: date | None = None
    """The day that `today` means in conditions from now on. None if the approval already has one."""
    kind: Literal["migrated"] = "migrated"


@value
class MigrationReverted:
    """The approval follows its earlier version again, in the state that it had before the migration."""

    at: datetime
    process_version: int
    by: UUID | None = None
    kind: Literal["migration_reverted"] = "migration_reverted"


@value
class Ended:
    at: datetime
    outcome: Literal["approved", "rejected", "changes_requested", "cancelled", "expired"]
    reason: str | None = None
    by: UUID | None = None
    kind: Literal["ended"] = "ended"


@value
class Revoked:
    """The approval was revoked after it had been given."""

    at: datetime
    by: UUID
    reason: str
    kind: Literal["revoked"] = "revoked"


Event = (
    Opened
    | StepOpened
    | ChoiceTaken
    | PartDecided
    | PartRequested
    | PartsRequested
    | PartWithdrawn
    | PartForwarded
    | PartReassigned
    | ApproverAdded
    | DecisionWithdrawn
    | PartEscalated
    | PartHandedOver
    | DueMoved
    | Reminded
    | StepEnded
    | FieldsSet
    | NoticeSent
    | StepReopened
    | Amended
    | Migrated
    | MigrationReverted
    | Ended
    | Revoked
)


class Progress:
    """The changing state of an approval while events are applied to it."""

    __slots__ = (
        "approval",
        "before_migration",
        "choices",
        "content",
        "content_hash",
        "dated",
        "ended_at",
        "filled",
        "own_parts",
        "process_version",
        "reason",
        "state",
        "steps",
    )

    def __init__(self, approval: Approval) -> None:
        self.approval = approval
        """The approval before the first event. What never changes is read from here."""
        self.process_version = approval.process_version
        self.content = approval.content
        self.filled = approval.filled
        self.dated = approval.dated
        self.content_hash = approval.content_hash
        self.steps = dict(approval.steps)
        self.choices = approval.choices
        self.state: ApprovalState = approval.state
        self.ended_at = approval.ended_at
        self.reason = approval.reason
        self.before_migration = approval.before_migration
        self.own_parts: dict[str, dict[UUID, Part]] = {}
        """The parts, by step, that have been copied and are not shared with an earlier state. Ten thousand
        parts are thus copied once, and not at each change."""

    def result(self) -> Approval:
        """Return the approval in its present state. Events that are taken later do not change it."""
        self.own_parts = {}
        fixed = self.approval
        return Approval(
            fixed.id,
            fixed.process_key,
            self.process_version,
            fixed.subject_type,
            fixed.subject_id,
            fixed.subject_revision,
            fixed.requester,
            self.content,
            self.content_hash,
            fixed.opened_at,
            self.steps,
            self.choices,
            self.state,
            self.ended_at,
            self.reason,
            self.before_migration,
            self.dated.today,
            self.filled,
        )

    def parts_to_change(self, key: str) -> dict[UUID, Part]:
        """Return the step's parts for changing them in place. A caller who iterates over them at the same
        time needs a copy."""
        run = self.steps[key]
        if self.own_parts.get(key) is not run.parts:
            self.own_parts[key] = dict(run.parts)
            self.steps[key] = _with_parts(run, self.own_parts[key])
        return self.own_parts[key]

    def judge(self, today: date | None) -> None:
        """Set the content and the day that conditions read from now on."""
        content = {**self.content, **self.filled} if self.filled else self.content
        self.dated = DatedContent(content, today)

    def take(self, event: Event) -> None:
        """Apply an event to the state."""
        if self.before_migration is not None and _settles_migration(event):
            self.before_migration = None
        _TAKE[type(event)](self, event)


def opened(event: Opened) -> Approval:
    """Return the state with which an approval begins."""
    return Approval(
        event.approval,
        event.process_key,
        event.process_version,
        event.subject_type,
        event.subject_id,
        event.subject_revision,
        event.requester,
        event.content,
        event.content_hash,
        event.at,
        dict.fromkeys(event.steps, WAITING),
        today=event.today,
    )


def rebuild(events: Iterable[Event]) -> Approval:
    """Return the state to which a history leads. The history must begin with `Opened`."""
    following = iter(events)
    first = next(following)
    assert isinstance(first, Opened), "an approval's history begins with its opening"
    progress = Progress(opened(first))
    for event in following:
        progress.take(event)
    return progress.result()


def _settles_migration(event: Event) -> bool:
    """Tell whether a migration can't be reverted after this event, because somebody has acted under the new
    version or a step was overdue."""
    if isinstance(event, StepEnded):
        return event.because == "overdue"
    return not isinstance(
        event,
        StepOpened | StepReopened | ChoiceTaken | Reminded | NoticeSent | Migrated | MigrationReverted,
    )


def _step_opened(progress: Progress, event: StepOpened) -> None:
    at, parts = event.at, {}
    for each in event.asked:
        parts[each.person] = Part(each.person, each.groups, each.why, each.origin, at)
    progress.steps[event.step] = StepRun(
        "pending",
        progress.steps[event.step].round + 1,
        parts,
        at,
        event.due_at,
        event.remind_at,
    )


def _choice_taken(progress: Progress, event: ChoiceTaken) -> None:
    progress.choices = {**progress.choices, event.choice: event.case}


def _part_decided(progress: Progress, event: PartDecided) -> None:
    parts = progress.parts_to_change(event.step)
    part = parts[event.person]
    parts[event.person] = Part(
        part.person,
        part.groups,
        part.why,
        part.origin,
        part.requested_at,
        "rejected" if event.outcome == "changes_requested" else event.outcome,
        event.at,
        event.by,
        event.content_hash,
        event.reason,
    )
    if event.filled:
        _put_values(progress, event.filled)


def _put_values(progress: Progress, values: dict[str, Any]) -> None:
    progress.filled = {**progress.filled, **values}
    progress.judge(progress.dated.today)


def _fields_set(progress: Progress, event: FieldsSet) -> None:
    _put_values(progress, event.values)


def _decision_withdrawn(progress: Progress, event: DecisionWithdrawn) -> None:
    part = progress.steps[event.step].parts[event.person]
    waiting = Part(part.person, part.groups, part.why, part.origin, part.requested_at)
    _put_parts(progress, event.step, waiting)


def _part_requested(progress: Progress, event: PartRequested | ApproverAdded) -> None:
    asked = event.asked
    part = Part(asked.person, asked.groups, asked.why, asked.origin, event.at)
    _put_parts(progress, event.step, part)


def _parts_requested(progress: Progress, event: PartsRequested) -> None:
    at, parts = event.at, progress.parts_to_change(event.step)
    for each in event.asked:
        parts[each.person] = Part(each.person, each.groups, each.why, each.origin, at)


def _part_withdrawn(progress: Progress, event: PartWithdrawn) -> None:
    part = progress.steps[event.step].parts[event.person]
    _put_parts(progress, event.step, replace(part, state="cancelled", decided_at=event.at))


def _part_moved(
    progress: Progress, event: PartForwarded | PartReassigned | PartEscalated | PartHandedOver
) -> None:
    part = progress.steps[event.step].parts[event.from_person]
    left = replace(part, state="cancelled", decided_at=event.at, moved_to=event.to_person)
    origin = _MOVED[type(event)]
    groups = part.groups
    known = progress.steps[event.step].parts.get(event.to_person)
    if known is not None and known.state == "requested":
        # Several parts become one, which stands for all their groups.
        groups = tuple(dict.fromkeys((*known.groups, *groups)))
    taken = Part(event.to_person, groups, f"{origin}:{event.from_person}", origin, event.at)
    _put_parts(progress, event.step, left, taken)


def _put_parts(progress: Progress, key: str, *parts: Part) -> None:
    changed = progress.parts_to_change(key)
    for part in parts:
        changed[part.person] = part


def _with_parts(run: StepRun, parts: dict[UUID, Part]) -> StepRun:
    return StepRun(
        run.state,
        run.round,
        parts,
        run.opened_at,
        run.due_at,
        run.remind_at,
        run.overdue_actions,
        run.ended_at,
        run.because,
    )


def _due_moved(progress: Progress, event: DueMoved) -> None:
    run = progress.steps[event.step]
    due_at = event.due_at or run.due_at
    progress.steps[event.step] = replace(run, overdue_actions=event.actions, due_at=due_at)


def _people_told(progress: Progress, event: Reminded | NoticeSent) -> None:
    """Change nothing: notifying people does not affect the state."""


def _step_ended(progress: Progress, event: StepEnded) -> None:
    run = progress.steps[event.step]
    progress.steps[event.step] = StepRun(
        event.outcome,
        run.round,
        _closed_parts(run, "cancelled" if event.because == "cancelled" else "not_required", event.at),
        run.opened_at,
        run.due_at,
        run.remind_at,
        run.overdue_actions,
        event.at,
        event.because,
    )


def _closed_parts(run: StepRun, state: Vote, at: datetime) -> dict[UUID, Part]:
    # The dictionary is shared with earlier states, so it is copied, but only if a part changes.
    parts = run.parts
    for person, part in run.parts.items():
        if part.state == "requested":
            if parts is run.parts:
                parts = dict(parts)
            closed = Part(part.person, part.groups, part.why, part.origin, part.requested_at, state, at)
            parts[person] = closed
    return parts


def _step_reopened(progress: Progress, event: StepReopened) -> None:
    run = progress.steps[event.step]
    progress.steps[event.step] = StepRun(
        state="waiting",
        round=run.round,
        parts=_closed_parts(run, "cancelled", event.at),
        opened_at=run.opened_at,
        because=event.because,
    )


def _amended(progress: Progress, event: Amended) -> None:
    progress.content, progress.content_hash = event.content, event.content_hash
    progress.judge(event.today)


def _migrated(progress: Progress, event: Migrated) -> None:
    today = progress.dated.today
    before = BeforeMigration(progress.process_version, dict(progress.steps), progress.choices, today)
    progress.own_parts = {}
    progress.before_migration = before
    progress.process_version = event.process_version
    progress.steps = {key: before.steps.get(key, WAITING) for key in event.steps}
    progress.choices = {key: before.choices[key] for key in event.choices}
    if event.today is not None:
        progress.judge(event.today)


def _migration_reverted(progress: Progress, event: MigrationReverted) -> None:
    before = progress.before_migration
    assert before is not None, "only a migration that nothing followed is reverted"
    progress.process_version = before.process_version
    progress.steps, progress.own_parts = dict(before.steps), {}
    progress.choices = before.choices
    progress.judge(before.today)
    progress.before_migration = None


def _ended(progress: Progress, event: Ended) -> None:
    for key, run in progress.steps.items():
        if run.state == "waiting":
            progress.steps[key] = replace(run, state="not_required", ended_at=event.at, because="ended")
    progress.state, progress.ended_at, progress.reason = event.outcome, event.at, event.reason
    progress.before_migration = None


def _revoked(progress: Progress, event: Revoked) -> None:
    progress.state, progress.reason = "revoked", event.reason


_MOVED: dict[type, Origin] = {
    PartForwarded: "forwarded",
    PartReassigned: "reassigned",
    PartEscalated: "escalated",
    PartHandedOver: "handed_over",
}
_TAKE: dict[type, Callable[[Progress, Any], None]] = {
    StepOpened: _step_opened,
    ChoiceTaken: _choice_taken,
    PartDecided: _part_decided,
    PartRequested: _part_requested,
    PartsRequested: _parts_requested,
    PartWithdrawn: _part_withdrawn,
    PartForwarded: _part_moved,
    PartReassigned: _part_moved,
    ApproverAdded: _part_requested,
    DecisionWithdrawn: _decision_withdrawn,
    PartEscalated: _part_moved,
    PartHandedOver: _part_moved,
    DueMoved: _due_moved,
    Reminded: _people_told,
    StepEnded: _step_ended,
    FieldsSet: _fields_set,
    NoticeSent: _people_told,
    StepReopened: _step_reopened,
    Amended: _amended,
    Migrated: _migrated,
    MigrationReverted: _migration_reverted,
    Ended: _ended,
    Revoked: _revoked,
}
