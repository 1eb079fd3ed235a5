"""What the use cases ask of their surroundings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from optima_kit.ports import Jobs, Outbox

from ..domain.approval import Approval, Event
from ..domain.conditions import Conditions
from ..domain.directory import Delegation, Directory
from ..domain.engine import Result
from ..domain.process import Definition, Process
from ..domain.subjects import SubjectType


@dataclass(frozen=True, slots=True)
class Draft:
    """A process as its admin edits it."""

    process_id: UUID
    key: str
    definition: Definition
    version: int
    published: int | None
    """The newest published version."""
    retired_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    definition: Definition
    number: int
    published_at: datetime
    published_by: UUID | None


class Processes(Protocol):
    """One tenant's processes and subject types."""

    async def find(self, key: str) -> Draft | None: ...

    async def lock(self, key: str) -> Draft | None:
        """As `find`; nobody else changes the process until the transaction ends."""

    async def add(self, process_id: UUID, definition: Definition, now: datetime, by: UUID) -> bool:
        """Whether it was added: somebody else may just have used the key."""

    async def save(self, draft: Draft, by: UUID) -> None: ...

    async def page(self, after: str, limit: int) -> list[Draft]:
        """By key."""

    async def publish(
        self, definition: Definition, subject: SubjectType, number: int, now: datetime, by: UUID
    ) -> None:
        """Keeps a version for good, with the subject type as it is now."""

    async def version(self, key: str, number: int) -> Process | None:
        """A published version, ready to run."""

    async def published(self, key: str, number: int) -> PublishedVersion | None: ...

    async def subject_type(self, key: str) -> SubjectType | None: ...

    async def subject_type_version(self, key: str) -> int | None:
        """None for one that is built in or does not exist."""

    async def subject_types(self) -> list[SubjectType]: ...

    async def put_subject_type(self, subject: SubjectType, now: datetime) -> int:
        """Returns its version."""


@dataclass(frozen=True, slots=True)
class Held:
    """An approval as it is stored."""

    approval: Approval
    version: int
    title: str
    correlation: UUID
    subject_sequence: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for somebody to decide it."""

    held: Held
    step: str
    person: UUID
    """Whose part it is; another than the reader: on their behalf."""
    why: str
    requested_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxPlace:
    """Where an inbox page ended."""

    requested_at: datetime
    approval_id: UUID
    step: str
    person: UUID


@dataclass(frozen=True, slots=True)
class InboxFilter:
    subject_id: UUID | None = None
    process: str | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApprovalFilter:
    subject_id: UUID | None = None
    state: str | None = None
    process: str | None = None
    concerned: tuple[UUID, ...] | None = None
    """Only those that concern one of these people; None: all."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event of an approval's history."""

    number: int
    event: Event
    actor_id: UUID | None


class Approvals(Protocol):
    """One tenant's approvals."""

    async def find(self, approval_id: UUID) -> Held | None: ...

    async def lock(self, approval_id: UUID) -> Held | None:
        """As `find`; nobody else changes it until the transaction ends."""

    async def lock_newest(self, subject_id: UUID) -> Held | None:
        """The newest run over the subject, locked."""

    async def add(self, held: Held, events: tuple[Event, ...], amount: Decimal | None) -> None: ...

    async def save(
        self, before: Held, result: Result, title: str, amount: Decimal | None, subject_sequence: int
    ) -> Held:
        """Stores what a locked approval became and appends its events. Raises WrongState when somebody
        else changed it since it was read."""

    async def concerns(self, approval_id: UUID, person_id: UUID) -> bool:
        """Whether the person asked for it or was ever asked about it."""

    async def history(self, approval_id: UUID, after: int, limit: int) -> list[Told]: ...

    async def page(self, chosen: ApprovalFilter, before: UUID | None, limit: int) -> list[Held]:
        """Newest first."""

    async def inbox(
        self,
        person_id: UUID,
        grants: list[tuple[UUID, str | None, Decimal | None]],
        chosen: InboxFilter,
        after: InboxPlace | None,
        limit: int,
    ) -> list[Waiting]:
        """The oldest first. `grants`: for whom else, in which process, up to which amount (None: any)."""

    async def asking(self, person_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """Open approvals that wait for the person, by id."""

    async def withdraw_subject(self, subject_id: UUID) -> None:
        """Remembers that the subject is cancelled for good."""

    async def is_withdrawn(self, subject_id: UUID) -> bool: ...


@dataclass(frozen=True, slots=True)
class StoredDelegation:
    delegation: Delegation
    reason: str | None
    created_at: datetime
    created_by: UUID
    revoked_at: datetime | None


class Delegations(Protocol):
    async def add(self, stored: StoredDelegation) -> None: ...

    async def lock(self, delegation_id: UUID) -> StoredDelegation | None: ...

    async def revoke(self, delegation_id: UUID, at: datetime) -> None: ...

    async def page(self, person_id: UUID | None, before: UUID | None, limit: int) -> list[StoredDelegation]:
        """Newest first; of one person, given or received, or of all."""


class Directories(Protocol):
    """The copy of the tenant's directory."""

    async def read(self) -> Directory: ...

    async def put_tenant(self, language: str, time_zone: str) -> None: ...

    async def put_person(self, person: dict[str, Any]) -> None: ...

    async def put_unit(
        self, unit_id: UUID, key: str, name: str, parent_id: UUID | None, manager_id: UUID | None
    ) -> None: ...

    async def put_role(self, role_id: UUID, key: str, privileges: list[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    processes: Processes
    approvals: Approvals
    delegations: Delegations
    directories: Directories
    conditions: Conditions
    outbox: Outbox
    on_behalf_of: Callable[[UUID], Outbox]
    """The outbox whose events say for whom the actor acted."""
    jobs: Jobs
    savepoint: Callable[[], AbstractAsyncContextManager[None]]
    """A part of the transaction that is undone, alone, when it raises."""
    tenant_id: UUID
    now: datetime
