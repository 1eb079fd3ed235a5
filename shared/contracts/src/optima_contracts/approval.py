"""Facts of processes and approvals. Subject of all but `process_published`: the approval."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData


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


class ApprovalNotOpened(EventData):
    """The subject could not enter its process: none published, or nobody could approve."""

    type: ClassVar[str] = "optima.approval.not_opened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    reason: str


class StepPending(EventData):
    """A step began to wait for people."""

    type: ClassVar[str] = "optima.approval.step_pending.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    approvers: list[UUID]
    due_at: datetime | None = None


class StepEnded(EventData):
    """A step got its outcome, or turned out not to be needed."""

    type: ClassVar[str] = "optima.approval.step_ended.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    outcome: Literal["approved", "rejected", "changes_requested", "skipped", "not_required"]


class StepReopened(EventData):
    """An amendment changed fields that the step had judged."""

    type: ClassVar[str] = "optima.approval.step_reopened.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    step: str
    fields: list[str]


class Decided(EventData):
    """One person's part was decided, about exactly the content that they had read."""

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


class Forwarded(EventData):
    """Somebody passed their part on to a colleague."""

    type: ClassVar[str] = "optima.approval.forwarded.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID
    reason: str | None = None


class Escalated(EventData):
    """A step was overdue: the next person in the chain is asked as well. `from_person_id`: who let it lie."""

    type: ClassVar[str] = "optima.approval.escalated.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID | None
    to_person_id: UUID


class HandedOver(EventData):
    """Somebody who was asked has left; who took over from them is asked in their place."""

    type: ClassVar[str] = "optima.approval.handed_over.v1"
    approval_id: UUID
    step: str
    from_person_id: UUID
    to_person_id: UUID


class Reminded(EventData):
    """A person was reminded of a part that is still theirs to decide."""

    type: ClassVar[str] = "optima.approval.reminded.v1"
    approval_id: UUID
    step: str
    person_id: UUID


class ApprovalMigrated(EventData):
    """A running approval follows another version of its process from here on."""

    type: ClassVar[str] = "optima.approval.migrated.v1"
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    process_key: str
    process_version: int
    """The version that it now follows."""
    reverted: bool = False
    """Whether an earlier move was taken back."""


class _ApprovalEnded(EventData):
    approval_id: UUID
    subject_type: str
    subject_id: UUID
    subject_revision: int
    content_hash: str
    reason: str | None = None


class Approved(_ApprovalEnded):
    """The subject may go ahead, with exactly the content that `content_hash` names."""

    type: ClassVar[str] = "optima.approval.approved.v1"


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
