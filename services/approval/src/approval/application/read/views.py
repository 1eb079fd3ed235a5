"""What a reader gets to see of approvals, processes and delegations. What they may not see is absent, and so
is what has no value."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from optima_kit.fields import Amount, PersonView, View

from ..ports import How
from .access import ApprovalAction, CommentAction, DelegationAction, MoveAction, ProcessAction, StepAction


class EvidenceView(View):
    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str


class EvidenceAskedView(View):
    """What may be attached to a decision."""

    media_types: list[str]
    at_most: int
    required: bool
    """Without it, the step can't be approved."""


class ProcessView(View):
    key: str
    name: str
    subject: str
    state: Literal["draft", "published", "retired"]
    published: int | None = None
    """The newest published version."""
    version: int | None = None
    """The published version that is shown; absent: the draft is."""
    changed_at: datetime
    definition: dict[str, Any]
    actions: list[ProcessAction]
    """What the reader may do with it now. Publishing may still find flaws in the draft."""


class VersionView(View):
    number: int
    name: str
    published_at: datetime
    published_by: PersonView | None = None


class SubjectTypeView(View):
    key: str
    name: str
    definition: dict[str, Any]


class PartView(View):
    person: PersonView
    state: str
    why: str
    """The rule that names the person, such as `role:purchasing`."""
    origin: str
    requested_at: datetime
    decided_at: datetime | None = None
    decided_by: PersonView | None = None
    """Another than the person: on their behalf."""
    reason: str | None = None
    moved_to: PersonView | None = None


class FilledView(View):
    """A field that approvers fill in."""

    field: str
    name: str
    type: str
    value: Any = None
    """Absent: it is still to be filled in."""


class QuorumView(View):
    have: int
    need: int
    """Approvals; with `one_per_group`, groups."""


class ActionView(View):
    on_behalf_of: PersonView | None = None
    """Absent: for the reader themselves."""
    may: list[StepAction]


class StepView(View):
    key: str
    name: str
    state: str
    round: int
    because: str | None = None
    opened_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    missing: list[str] | None = None
    """Fields of the subject that must be there before the step can be approved."""
    claimed_by: PersonView | None = None
    """Who of those that it asks has taken it upon themselves."""
    follow_up_on: date | None = None
    """When the reader wants to come back to it."""
    fills: list[FilledView] | None = None
    """Of a step that waits: what whoever approves it fills in, as far as it is there already."""
    quorum: QuorumView | None = None
    """Of a step that waits."""
    evidence: EvidenceAskedView | None = None
    """Of a step that waits and takes documents."""
    actions: list[ActionView] | None = None
    """What the reader may do with the step now: once for themselves, once for each whom they stand in for."""
    parts: list[PartView]
    """The reader's own first, then who has decided: two hundred at most."""
    unlisted: int | None = None
    """How many more parts there are than `parts` lists."""


class SummaryView(View):
    id: UUID
    process_key: str
    process_version: int
    subject_type: str
    subject_id: UUID
    subject_revision: int
    title: str
    requester: PersonView
    state: str
    content_hash: str
    reason: str | None = None
    opened_at: datetime
    ended_at: datetime | None = None
    pending: list[str]
    """Keys of the steps that wait for people."""


class ApprovalView(SummaryView):
    content: dict[str, Any]
    filled: list[FilledView] | None = None
    """What approvers have filled in."""
    version: int
    """To be sent back as `If-Match` with a change."""
    actions: list[ApprovalAction]
    """What the reader may do with the whole now."""
    steps: list[StepView]


class HistoryView(View):
    number: int
    at: datetime
    kind: str
    actor: PersonView | None = None
    step: str | None = None
    person: PersonView | None = None
    on_behalf_of: PersonView | None = None
    to_person: PersonView | None = None
    outcome: str | None = None
    reason: str | None = None
    fields: list[str] | None = None
    asked: list[PersonView] | None = None
    """Two hundred at most."""
    unlisted: int | None = None
    """How many more were asked than `asked` lists."""
    evidence: list[EvidenceView] | None = None
    filled: dict[str, Any] | None = None
    """What was filled in with a decision, or set after it, by field."""
    content_hash: str | None = None


class CommentView(View):
    id: UUID
    step: str
    person: PersonView
    text: str
    to_person: PersonView | None = None
    """Who is asked; absent: it is no question."""
    written_at: datetime
    answer: str | None = None
    answered_by: PersonView | None = None
    answered_at: datetime | None = None
    actions: list[CommentAction]
    """What the reader may do with it now."""


class ProgressView(View):
    """How many steps of an approval are over."""

    ended: int
    steps: int


class InboxView(View):
    approval_id: UUID
    step: str
    step_name: str
    process_key: str
    process_name: str
    subject_type: str
    subject_id: UUID
    subject_revision: int
    title: str
    requester: PersonView
    content_hash: str
    why: str
    on_behalf_of: PersonView | None = None
    requested_at: datetime
    due_at: datetime | None = None
    amount: Amount | None = None
    """Euro: the surest that is known and that the reader may see."""
    number: str | None = None
    deadline: date | None = None
    progress: ProgressView
    allows: list[str]
    """What may be done, beside approving and rejecting."""
    follow_up_on: date | None = None
    """When the reader wants to come back to it."""
    claimed_by: PersonView | None = None
    """Who of those that the step asks has taken it upon themselves."""
    missing: list[str]


class InboxCountView(View):
    process: str
    how: How
    waiting: int
    overdue: int
    amount: Amount | None = None


class InboxSummaryView(View):
    waiting: int
    overdue: int
    amount: Amount | None = None
    """Euro: the sum of what is known; absent for who may not see every amount."""
    by_process: list[InboxCountView]


class ForeseenPersonView(View):
    person: PersonView
    why: str
    """The rule that names the person, or why they are left out."""


class ForeseenStepView(View):
    key: str
    name: str
    outcome: str
    """`asked`, `skipped`, `rejected` (nobody could approve) or `not_reached`."""
    because: str | None = None
    condition: str | None = None
    quorum: Any = None
    asked: list[ForeseenPersonView] | None = None
    left_out: list[ForeseenPersonView] | None = None
    due_at: datetime | None = None
    missing: list[str] | None = None


class SimulationView(View):
    outcome: Literal["approved", "not_opened"]
    steps: list[ForeseenStepView]


class ReplayView(View):
    id: UUID
    process_key: str
    wanted: int
    done: int
    state: Literal["running", "ended"]
    report: dict[str, Any] | None = None
    created_at: datetime
    ended_at: datetime | None = None


class MoveView(View):
    id: UUID
    process_key: str
    to_version: int
    state: str
    counts: dict[str, int]
    """Approvals by verdict."""
    created_at: datetime
    created_by: PersonView
    carried_out_by: PersonView | None = None
    """Who had it carried out, or taken back."""
    actions: list[MoveAction]


class MovedView(View):
    approval_id: UUID
    title: str | None = None
    """What it is about, to a reader of all approvals."""
    from_version: int
    verdict: str
    reason: str | None = None
    part: str | None = None


class WorkingTimeView(View):
    working_time: dict[str, Any]


class LinkedView(View):
    """What is under an e-mail's link."""

    step: str
    step_name: str
    process_name: str
    title: str
    requester: PersonView
    person: PersonView
    content: dict[str, Any]
    content_hash: str
    allows: list[str]
    missing: list[str]
    expires_at: datetime


class LinkDecidedView(View):
    title: str
    state: str


class DelegationView(View):
    id: UUID
    created_by: PersonView
    """Who gave it: `from_person`, or an admin for them."""
    from_person: PersonView
    to_person: PersonView
    starts_at: datetime
    ends_at: datetime
    processes: list[str]
    up_to: Amount | None = None
    reason: str | None = None
    created_at: datetime
    revoked_at: datetime | None = None
    actions: list[DelegationAction]
