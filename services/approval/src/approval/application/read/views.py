"""The JSON shapes in which readers see approvals, processes and delegations. A field that the reader may not
see is absent, and so is a field without a value."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from optima_kit.fields import Amount, PersonView, View

from ..ports import How
from .access import (
    ApprovalAction,
    CommentAction,
    DelegationAction,
    MigrationAction,
    ProcessAction,
    StepAction,
)


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
    """Whether the step can be approved only with a document."""


class ProcessView(View):
    key: str
    name: str
    subject: str
    state: Literal["draft", "published", "retired"]
    published: int | None = None
    """The newest published version."""
    version: int | None = None
    """The published version that is shown. Absent if the draft is shown."""
    changed_at: datetime
    definition: dict[str, Any]
    actions: list[ProcessAction]
    """What the reader may do with the process now. Publishing may still be refused for flaws in the draft."""


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
    """The delegate who decided on the person's behalf. Absent if the person decided."""
    reason: str | None = None
    moved_to: PersonView | None = None


class FilledView(View):
    """A field that approvers fill in."""

    field: str
    name: str
    type: str
    value: Any = None
    """Absent while the field is still to be filled in."""


class QuorumView(View):
    have: int
    need: int
    """The number of approvals that the step needs or, with `one_per_group`, of groups."""


class ActionView(View):
    on_behalf_of: PersonView | None = None
    """Absent if the reader acts for themselves."""
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
    """Fields of the subject that must have a value before the step can be approved."""
    claimed_by: PersonView | None = None
    """The approver who has claimed the step."""
    follow_up_on: date | None = None
    """The day on which the reader wants to come back to the step."""
    fills: list[FilledView] | None = None
    """The fields that approvers of this step fill in. Only a waiting step has them."""
    quorum: QuorumView | None = None
    """Only a waiting step has it."""
    evidence: EvidenceAskedView | None = None
    """Only a waiting step that takes documents has it."""
    actions: list[ActionView] | None = None
    """What the reader may do with the step now, for themselves and for each person they stand in for."""
    parts: list[PartView]
    """At most two hundred. If there are more, the reader's own part comes first, then parts that were decided
    or handed to somebody."""
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
    """The version that a client sends as `If-Match` with a change."""
    actions: list[ApprovalAction]
    """What the reader may do now with the approval as a whole."""
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
    """The people who were asked, at most two hundred."""
    unlisted: int | None = None
    """How many more people were asked than `asked` lists."""
    evidence: list[EvidenceView] | None = None
    filled: dict[str, Any] | None = None
    """The values that an approver filled in or that the process set after a decision, by field."""
    content_hash: str | None = None


class CommentView(View):
    id: UUID
    step: str
    person: PersonView
    text: str
    to_person: PersonView | None = None
    """The person to whom the comment is a question. Absent if it is not a question."""
    written_at: datetime
    answer: str | None = None
    answered_by: PersonView | None = None
    answered_at: datetime | None = None
    actions: list[CommentAction]
    """What the reader may do with the comment now."""


class ProgressView(View):
    """How many of an approval's steps have ended."""

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
    """In euro: the most certain amount that is known and that the reader may see."""
    number: str | None = None
    deadline: date | None = None
    progress: ProgressView
    allows: list[str]
    """What an approver may do besides approving and rejecting."""
    follow_up_on: date | None = None
    """The day on which the reader wants to come back to it."""
    claimed_by: PersonView | None = None
    """The approver who has claimed the step."""
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
    """In euro: the sum of the known amounts. Absent if the reader may not see every amount."""
    by_process: list[InboxCountView]


class ForeseenPersonView(View):
    person: PersonView
    why: str
    """The rule that names the person, or the reason why they are left out."""


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


class MigrationView(View):
    id: UUID
    process_key: str
    to_version: int
    state: str
    counts: dict[str, int]
    """Approvals by verdict."""
    created_at: datetime
    created_by: PersonView
    carried_out_by: PersonView | None = None
    """The person who last had the migration carried out or reverted."""
    actions: list[MigrationAction]


class MigrationItemView(View):
    approval_id: UUID
    title: str | None = None
    """What the approval is about. Only a reader of all approvals gets it."""
    from_version: int
    verdict: str
    reason: str | None = None
    part: str | None = None


class WorkingTimeView(View):
    working_time: dict[str, Any]


class LinkedView(View):
    """What the addressee of a link in an e-mail sees."""

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
    """The person who created it: `from_person`, or an admin for them."""
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
