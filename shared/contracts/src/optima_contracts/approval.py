"""Facts of processes and approvals. Subject of all but `process_published`: the approval.

`recipients` are the people to be told of the fact: never who acted, nor who has left. Who is or was asked to
decide is named together with those who stand in for them; of an end, the requester is told and whoever
watches. This service itself sends nobody a mail about it, except under a process that says `by_email`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from .envelope import EventData


class _Told(EventData):
    recipients: list[UUID] = Field(default_factory=list)
    title: str | None = None
    """Of what is to be approved."""


class _StepTold(_Told):
    step_name: str | None = None
    """What the process calls the step."""


class ProcessPublished(EventData):
    """A version of a process was published: what is opened from now on follows it. Subject: the process."""

    type: ClassVar[str] = "optima.approval.process_published.v1"
    process_id: UUID
    key: str
    version: int
    subject_type: str


class ApprovalOpened(EventData):
    """A subject entered its process: the approval runs on that version from here to its end."""

    type: ClassVar[str] = "optima.approval.opened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    content_hash: str
    process_key: str
    process_version: int


class ApprovalNotOpened(_Told):
    """The subject could not enter its process: none published, or nobody could approve."""

    type: ClassVar[str] = "optima.approval.not_opened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    reason: str


class StepPending(_StepTold):
    """A step began to wait for people. `recipients`: who is newly asked."""

    type: ClassVar[str] = "optima.approval.step_pending.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    approvers: list[UUID]
    due_at: datetime | None = None


class StepEnded(_StepTold):
    """A step got its outcome, or turned out not to be needed. `recipients`: who was asked and need not
    decide any more."""

    type: ClassVar[str] = "optima.approval.step_ended.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    outcome: Literal["approved", "rejected", "changes_requested", "skipped", "not_required"]


class StepReopened(_StepTold):
    """An amendment changed fields that the step had judged, or a rejection sent the approval back to it.
    `recipients`: who was asked and, until the step waits again, need not decide."""

    type: ClassVar[str] = "optima.approval.step_reopened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    fields: list[str]


class Decided(_StepTold):
    """One person's part was decided, about exactly the content that they had read. `recipients`: on whose
    behalf, if on anybody's."""

    type: ClassVar[str] = "optima.approval.decided.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    content_hash: str
    step: str
    person_id: UUID
    on_behalf_of: UUID | None = None
    outcome: Literal["approved", "rejected", "abstained", "changes_requested"]
    reason: str | None = None
    filled: dict[str, str | int | bool] = Field(default_factory=dict)
    """What the person filled in, by the process's fields: amounts and numbers as decimal strings."""


class Forwarded(_StepTold):
    """Somebody passed their part on to a colleague, who is told."""

    type: ClassVar[str] = "optima.approval.forwarded.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID
    reason: str | None = None


class Escalated(_StepTold):
    """A step was overdue: the next person in the chain is asked as well. `from_person_id`: who let it lie.
    Both are told."""

    type: ClassVar[str] = "optima.approval.escalated.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID | None
    to_person_id: UUID


class HandedOver(_StepTold):
    """Somebody who was asked has left; who took over from them is asked in their place."""

    type: ClassVar[str] = "optima.approval.handed_over.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID


class Reassigned(_StepTold):
    """An admin has somebody else asked in a person's place. Both are told."""

    type: ClassVar[str] = "optima.approval.reassigned.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID
    reason: str | None = None


class ApproverAdded(_StepTold):
    """Somebody has to approve the step beside whom its rules name, since who is asked, or an admin, wants
    it so. `recipients`: they."""

    type: ClassVar[str] = "optima.approval.approver_added.v1"
    approval_id: UUID
    step: str
    person_id: UUID
    reason: str | None = None


class DecisionWithdrawn(_StepTold):
    """A decision was taken back while its step waits; the person is asked again. `recipients`: they, if
    somebody else took it back, or decided for them."""

    type: ClassVar[str] = "optima.approval.decision_withdrawn.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    person_id: UUID


class Commented(_StepTold):
    """Somebody wrote about a step, or asked `to_person_id` something; the text stays in the approval service.
    `recipients`: who is asked; of a comment, the requester and those who are asked to decide the step."""

    type: ClassVar[str] = "optima.approval.commented.v1"
    approval_id: UUID
    step: str
    comment_id: UUID
    person_id: UUID
    to_person_id: UUID | None = None


class CommentAnswered(_StepTold):
    """A question about a step was answered; the text stays in the approval service. `recipients`: who
    asked."""

    type: ClassVar[str] = "optima.approval.comment_answered.v1"
    approval_id: UUID
    step: str
    comment_id: UUID
    person_id: UUID


class PartWithdrawn(_StepTold):
    """Somebody who was asked need not decide any more, since they may not, or the step's rules name others.
    The step still waits."""

    type: ClassVar[str] = "optima.approval.part_withdrawn.v1"
    approval_id: UUID
    step: str
    person_id: UUID
    why: str


class Reminded(_StepTold):
    """A person was reminded of a part that is still theirs to decide."""

    type: ClassVar[str] = "optima.approval.reminded.v1"
    approval_id: UUID
    step: str
    person_id: UUID
    due_at: datetime | None = None


class NoticeSent(_StepTold):
    """The process has people told of a step that was decided, at once or some time after. `recipients`: whom
    it names."""

    type: ClassVar[str] = "optima.approval.notice_sent.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    outcome: Literal["approved", "rejected"]
    text: str
    """The process's."""


class ApprovalMigrated(_Told):
    """A running approval follows another version of its process from here on. `recipients`: who was asked
    and, since a move was taken back, is not asked any more."""

    type: ClassVar[str] = "optima.approval.migrated.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    process_key: str
    process_version: int
    """The version that it now follows."""
    reverted: bool = False
    """Whether an earlier move was taken back."""


class _ApprovalEnded(_Told):
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    content_hash: str
    reason: str | None = None


class Approved(_ApprovalEnded):
    """The subject may go ahead, with exactly the content that `content_hash` names."""

    type: ClassVar[str] = "optima.approval.approved.v1"
    filled: dict[str, str | int | bool] = Field(default_factory=dict)
    """What approvers filled in, by the process's fields: amounts and numbers as decimal strings."""


class Rejected(_ApprovalEnded):
    """The subject was turned down for good; `reason` says why."""

    type: ClassVar[str] = "optima.approval.rejected.v1"


class ChangesRequested(_ApprovalEnded):
    """The subject may come again after the changes that `reason` asks for."""

    type: ClassVar[str] = "optima.approval.changes_requested.v1"


class ApprovalCancelled(_ApprovalEnded):
    """The requester recalled the subject, or it was cancelled; what had been decided stays on record."""

    type: ClassVar[str] = "optima.approval.cancelled.v1"


class ApprovalExpired(_ApprovalEnded):
    """A step ran out of time and its process ends the approval then."""

    type: ClassVar[str] = "optima.approval.expired.v1"


class ApprovalRevoked(_Told):
    """What had been approved no longer is: who approved it, or an admin, says why. What began on the strength
    of it has to stop. `recipients`: the requester, who approved, and who watches."""

    type: ClassVar[str] = "optima.approval.revoked.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    content_hash: str
    reason: str


class DelegationChanged(EventData):
    """A delegation was made, moved or revoked. Half-open: valid when `starts_at <= now < ends_at`. Subject:
    the delegation."""

    type: ClassVar[str] = "optima.approval.delegation_changed.v1"
    delegation_id: UUID
    from_person_id: UUID
    to_person_id: UUID
    starts_at: datetime
    ends_at: datetime
    revoked: bool = False
    recipients: list[UUID] = Field(default_factory=list)
    """Who is to be told of it: giver and taker, but for who acted."""
