"""Events of processes and approvals. The subject is the approval unless an event says otherwise.

`recipients` are the people to be notified of the event. They never include the person who acted, or people
who have left. People who are or were asked to decide are listed together with their delegates. The end of an
approval goes to the requester and to all who watch the approval. The approval service itself sends e-mail
only if the process says `by_email`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from .envelope import EventData


class _Notification(EventData):
    recipients: list[UUID] = Field(default_factory=list)
    title: str | None = None
    """Title of the subject that is to be approved."""


class _StepNotification(_Notification):
    step_name: str | None = None
    """The step's name in the process."""


class ProcessPublished(EventData):
    """A version of a process was published. Approvals opened from now on follow it. Subject: the process."""

    type: ClassVar[str] = "optima.approval.process_published.v1"
    process_id: UUID
    key: str
    version: int
    subject_type: str


class ApprovalOpened(EventData):
    """A subject entered its process. The approval follows this version of the process until it ends, unless
    it is migrated to another version."""

    type: ClassVar[str] = "optima.approval.opened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    content_hash: str
    process_key: str
    process_version: int


class ApprovalNotOpened(_Notification):
    """The subject could not enter its process, because none is published or nobody could approve."""

    type: ClassVar[str] = "optima.approval.not_opened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    reason: str


class StepPending(_StepNotification):
    """A step began to wait for people's decisions. `recipients`: the people who are newly asked."""

    type: ClassVar[str] = "optima.approval.step_pending.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    approvers: list[UUID]
    due_at: datetime | None = None


class StepEnded(_StepNotification):
    """A step got its outcome, or turned out not to be needed. `recipients`: the people who had been asked and
    need not decide any more."""

    type: ClassVar[str] = "optima.approval.step_ended.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    outcome: Literal["approved", "rejected", "changes_requested", "skipped", "not_required"]


class StepReopened(_StepNotification):
    """An amendment changed fields that the step had judged, or a rejection sent the approval back to it.
    `recipients`: the people who had been asked and need not decide until the step waits again."""

    type: ClassVar[str] = "optima.approval.step_reopened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    fields: list[str]


class Decided(_StepNotification):
    """One person decided their part, on exactly the content that they had read. `recipients`: the person on
    whose behalf they decided, if any."""

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
    """Values that the person filled in, by key of the process's field. Amounts and numbers are decimal
    strings."""


class Forwarded(_StepNotification):
    """Somebody passed their part on to a colleague. `recipients`: the colleague."""

    type: ClassVar[str] = "optima.approval.forwarded.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID
    reason: str | None = None


class Escalated(_StepNotification):
    """A step was overdue, and the next person in the chain is asked as well. `from_person_id`: the person who
    did not decide in time. `recipients`: both of them."""

    type: ClassVar[str] = "optima.approval.escalated.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID | None
    to_person_id: UUID


class HandedOver(_StepNotification):
    """A person who was asked has left the company, and their successor is asked in their place."""

    type: ClassVar[str] = "optima.approval.handed_over.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID


class Reassigned(_StepNotification):
    """An admin reassigned a person's part to somebody else. `recipients`: both of them."""

    type: ClassVar[str] = "optima.approval.reassigned.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID
    reason: str | None = None


class ApproverAdded(_StepNotification):
    """An approver or an admin added a person who has to approve the step besides those whom its rules name.
    `recipients`: the added person."""

    type: ClassVar[str] = "optima.approval.approver_added.v1"
    approval_id: UUID
    step: str
    person_id: UUID
    reason: str | None = None


class DecisionWithdrawn(_StepNotification):
    """A decision was withdrawn while its step still waits, and the person is asked again. `recipients`: this
    person, if somebody else withdrew the decision or had decided for them."""

    type: ClassVar[str] = "optima.approval.decision_withdrawn.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    person_id: UUID


class Commented(_StepNotification):
    """Somebody commented on a step, or asked `to_person_id` a question. The text stays in the approval
    service. `recipients` of a question: the person who is asked. `recipients` of a comment: the requester and
    the people who are asked to decide the step."""

    type: ClassVar[str] = "optima.approval.commented.v1"
    approval_id: UUID
    step: str
    comment_id: UUID
    person_id: UUID
    to_person_id: UUID | None = None


class CommentAnswered(_StepNotification):
    """A question about a step was answered. The text stays in the approval service. `recipients`: the person
    who asked."""

    type: ClassVar[str] = "optima.approval.comment_answered.v1"
    approval_id: UUID
    step: str
    comment_id: UUID
    person_id: UUID


class PartWithdrawn(_StepNotification):
    """A person who was asked need not decide any more, because they may not decide or the step's rules name
    others. The step still waits."""

    type: ClassVar[str] = "optima.approval.part_withdrawn.v1"
    approval_id: UUID
    step: str
    person_id: UUID
    why: str


class Reminded(_StepNotification):
    """A person was reminded of a part that they have yet to decide."""

    type: ClassVar[str] = "optima.approval.reminded.v1"
    approval_id: UUID
    step: str
    person_id: UUID
    due_at: datetime | None = None


class NoticeSent(_StepNotification):
    """The process notified people of a step that was decided, at once or some time later. `recipients`: the
    people whom the process names."""

    type: ClassVar[str] = "optima.approval.notice_sent.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    outcome: Literal["approved", "rejected"]
    text: str
    """The text that the process defines."""


class ApprovalMigrated(_Notification):
    """A running approval follows another version of its process from now on. `recipients`: the people who had
    been asked and are not asked any more, because a migration was reverted."""

    type: ClassVar[str] = "optima.approval.migrated.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    process_key: str
    process_version: int
    """The version that the approval now follows."""
    reverted: bool = False
    """Whether this event reverts an earlier migration."""


class _ApprovalEnded(_Notification):
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
    """Values that approvers filled in, by key of the process's field. Amounts and numbers are decimal
    strings."""


class Rejected(_ApprovalEnded):
    """The subject was turned down for good; `reason` says why."""

    type: ClassVar[str] = "optima.approval.rejected.v1"


class ChangesRequested(_ApprovalEnded):
    """The subject may be submitted again after the changes that `reason` asks for."""

    type: ClassVar[str] = "optima.approval.changes_requested.v1"


class ApprovalCancelled(_ApprovalEnded):
    """The requester recalled the subject, or it was cancelled. Decisions made before stay on record."""

    type: ClassVar[str] = "optima.approval.cancelled.v1"


class ApprovalExpired(_ApprovalEnded):
    """A step was not decided in time, and its process says that the approval ends in this case."""

    type: ClassVar[str] = "optima.approval.expired.v1"


class ApprovalRevoked(_Notification):
    """An approver or an admin revoked an approval, for the given reason. All that was begun on its strength
    has to stop. `recipients`: the requester, the people who approved, and all who watch the approval."""

    type: ClassVar[str] = "optima.approval.revoked.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    content_hash: str
    reason: str


class DelegationChanged(EventData):
    """A delegation was made, moved to other times, or revoked. It is valid while `starts_at <= now <
    ends_at`. Subject: the delegation."""

    type: ClassVar[str] = "optima.approval.delegation_changed.v1"
    delegation_id: UUID
    from_person_id: UUID
    to_person_id: UUID
    starts_at: datetime
    ends_at: datetime
    revoked: bool = False
    recipients: list[UUID] = Field(default_factory=list)
    """The people to be notified: the delegator and the delegate, except the one who acted."""
