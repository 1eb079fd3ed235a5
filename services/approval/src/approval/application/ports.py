"""What the use cases ask of their surroundings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from optima_kit.ports import Jobs, Outbox

from ..domain.approval import Approval, Event
from ..domain.calendar import WorkingTime
from ..domain.conditions import Conditions
from ..domain.directory import Delegation, Directory, Unit
from ..domain.process import Definition, Process
from ..domain.run import Result
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

    @property
    def in_force(self) -> bool:
        """Whether approvals open under it."""
        return self.published is not None and self.retired_at is None


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    definition: Definition
    number: int
    published_at: datetime
    published_by: UUID | None
    rules: int
    """How the engine reads it."""


@dataclass(frozen=True, slots=True)
class ListedVersion:
    number: int
    name: str
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

    async def versions(self, key: str, before: int | None, limit: int) -> list[ListedVersion]:
        """Newest first."""

    async def erase_address(self, email: str, person_id: UUID) -> None:
        """Documents that name the person by address name them by id from now on, which means the same."""

    async def subject_type(self, key: str) -> SubjectType | None: ...

    async def subject_type_version(self, key: str) -> int | None:
        """None for one that is built in or does not exist."""

    async def subject_types(self) -> list[SubjectType]: ...

    async def put_brief_form(self, type_key: str, version: int, kinds: Mapping[str, str]) -> None:
        """What a type of brief asks: by key of a field, the kind of its value."""

    async def put_subject_type(self, subject: SubjectType, now: datetime, expected: int | None) -> int | None:
        """Returns its version. None, and nothing is changed, where another than the expected stands there."""


NOT_ENDED: Final = ("waiting", "pending")
"""The states of a step that is not over."""


@dataclass(frozen=True, slots=True)
class Held:
    """An approval as it is stored."""

    approval: Approval
    version: int
    title: str
    correlation: UUID
    subject_sequence: int
    watchers: frozenset[UUID] = frozenset()
    """Who is told of its end, beside the requester."""

    def listed(self) -> Listed:
        approval = self.approval
        return Listed(
            approval.id,
            approval.process_key,
            approval.process_version,
            approval.subject_type,
            approval.subject_id,
            approval.subject_revision,
            self.title,
            approval.requester,
            approval.state,
            approval.reason,
            approval.content_hash,
            approval.opened_at,
            approval.ended_at,
            tuple(key for key, run in approval.steps.items() if run.state == "pending"),
            sum(run.state not in NOT_ENDED for run in approval.steps.values()),
            len(approval.steps),
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """An approval as lists show it: without its steps' details."""

    id: UUID
    process_key: str
    process_version: int
    subject_type: str
    subject_id: UUID
    subject_revision: int
    title: str
    requester: UUID
    state: str
    reason: str | None
    content_hash: str
    opened_at: datetime
    ended_at: datetime | None
    pending: tuple[str, ...]
    """Steps that wait for people."""
    steps_ended: int
    steps: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for somebody to decide it."""

    listed: Listed
    content: dict[str, Any]
    """Of a large one, that lists and records are there, and how texts begin."""
    step: str
    person: UUID
    """Whose part it is; another than the reader: on their behalf."""
    why: str
    requested_at: datetime
    due_at: datetime | None
    place: InboxPlace
    follow_up_on: date | None = None
    """When whoever it waits for wants to come back to it."""
    claimed_by: UUID | None = None
    """Who of those that the step asks has taken it upon themselves."""


InboxSort = Literal["requested", "due", "amount"]
"""The oldest, the soonest due, or the largest amount first."""


@dataclass(frozen=True, slots=True)
class InboxPlace:
    """Where a row stands in an inbox, or where a page ended."""

    rank: int
    moment: datetime
    approval_id: UUID
    step: str
    person: UUID


How = Literal["direct", "role", "delegation"]
"""Through what something waits for the reader."""


@dataclass(frozen=True, slots=True)
class InboxFilter:
    subject_id: UUID | None = None
    process: str | None = None
    due_before: datetime | None = None
    text: str | None = None
    """Words of title, number or requester's name."""
    back_by: date | None = None
    """Without what somebody wants to come back to after that day."""
    how: How | None = None
    requesters: list[UUID] | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    """Amounts in euro; a subject of unknown amount is within no bounds."""


@dataclass(frozen=True, slots=True)
class PartNote:
    """What somebody has noted of a part of theirs that waits."""

    step: str
    person: UUID
    claimed_at: datetime | None
    follow_up_on: date | None


@dataclass(frozen=True, slots=True)
class InboxCount:
    process: str
    how: How
    waiting: int
    overdue: int
    amount: Decimal
    """The sum of those that are known, in euro."""


@dataclass(frozen=True, slots=True)
class ApprovalFilter:
    subject_id: UUID | None = None
    state: str | None = None
    process: str | None = None
    text: str | None = None
    concerned: UUID | None = None
    """Only those that concern this person; None: all."""


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

    async def lock_newest(self, subject_type: str, subject_id: UUID) -> Held | None:
        """The newest run over the subject, locked. Things of two types may bear one id."""

    async def titles(self, approval_ids: Collection[UUID]) -> dict[UUID, str]:
        """What each is about, of those whose subject has a title."""

    async def add(
        self,
        held: Held,
        events: tuple[Event, ...],
        amount: Decimal | None,
        rules: set[str],
        *,
        listed: bool = True,
    ) -> None:
        """`rules`: by which its pending steps find people. Not `listed`: inboxes don't show yet whom it asks;
        `list_parts` has them do so."""

    async def save(
        self,
        before: Held,
        result: Result,
        title: str,
        amount: Decimal | None,
        subject_sequence: int,
        rules: set[str],
        *,
        listed: bool = True,
    ) -> Held:
        """Stores what a locked approval became and appends its events. Not `listed`: as with `add`."""

    async def list_parts(self, approval: Approval, of: UUID | None = None) -> None:
        """Of a locked approval: has inboxes show whom it asks, as far as they don't; `of`: one of them alone.
        Again: nothing more."""

    async def notes(self, approval_id: UUID) -> list[PartNote]:
        """Of parts that wait."""

    async def save_claim(self, approval_id: UUID, step: str, person_id: UUID, at: datetime | None) -> None:
        """Of a locked approval; None: it is given back."""

    async def save_follow_up(self, approval_id: UUID, step: str, person_id: UUID, on: date | None) -> None:
        """Of a locked approval."""

    async def save_watchers(self, approval_id: UUID, watchers: frozenset[UUID]) -> None:
        """Of a locked approval."""

    async def concerns(self, approval_id: UUID, person_id: UUID) -> bool:
        """Whether the person asked for it or was ever asked about it."""

    async def history(self, approval_id: UUID, after: int, limit: int) -> list[Told]: ...

    async def whole_history(self, approval_id: UUID) -> list[Told]: ...

    async def naming(self, person_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """Approvals whose content or history names the person, or in which they acted; by id."""

    async def save_erased(self, approval: Approval, told: list[Told], person_id: UUID) -> None:
        """Of a locked approval: the person's texts that were erased, in its state and in these events."""

    async def page(self, chosen: ApprovalFilter, before: UUID | None, limit: int) -> list[Listed]:
        """Newest first."""

    async def inbox(
        self,
        person_id: UUID,
        grants: list[tuple[UUID, str | None, Decimal | None]],
        chosen: InboxFilter,
        sort: InboxSort,
        after: InboxPlace | None,
        limit: int,
    ) -> list[Waiting]:
        """`grants`: for whom else, in which process, up to which amount (None: any)."""

    async def count_inbox(
        self,
        person_id: UUID,
        grants: list[tuple[UUID, str | None, Decimal | None]],
        chosen: InboxFilter,
        now: datetime,
    ) -> list[InboxCount]: ...

    async def asking(
        self, people: list[UUID], rules: list[str], after: UUID | None, limit: int
    ) -> list[UUID]:
        """Open approvals that wait for one of the people or that they asked for, or whose pending steps find
        people by one of the rules; by id."""

    async def open_ones(self, after: UUID | None, limit: int) -> list[UUID]:
        """All open approvals, by id."""

    async def concern_with_requests(self, person_id: UUID, requesters: list[UUID]) -> None:
        """What the requesters have asked for concerns the person too, where it is still open."""

    async def movable(self, key: str, to_version: int, after: UUID | None, limit: int) -> list[Held]:
        """Open runs of other versions of a process, by id."""

    async def over(self, key: str, ended_at: datetime, before: UUID | None, limit: int) -> list[Approval]:
        """Runs of a process that are over, the newest first: after that end and id, or from that end on."""

    async def withdraw_subject(self, subject_id: UUID) -> None:
        """Remembers that the subject is cancelled for good."""

    async def put_budget_figures(self, subject_id: UUID, revision: int, figures: Mapping[str, str]) -> None:
        """How the budget stood that a revision of a brief is to be charged to. What is known stays."""

    async def find_budget_figures(self, subject_id: UUID, revision: int) -> Mapping[str, str] | None: ...

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

    async def lock_in_force(self, person_id: UUID) -> list[StoredDelegation]:
        """Those that the person gave or received and that are or may come into force, locked."""

    async def revoke(self, delegation_id: UUID, at: datetime) -> None: ...

    async def erase_reasons(self, person_id: UUID) -> None:
        """Of those that the person gave, for themselves or as an admin."""

    async def page(self, person_id: UUID | None, before: UUID | None, limit: int) -> list[StoredDelegation]:
        """Newest first; of one person, given or received, or of all."""


@dataclass(frozen=True, slots=True)
class Link:
    """Under which somebody may decide their part once, without signing in."""

    id: UUID
    approval_id: UUID
    step: str
    round: int
    person_id: UUID
    expires_at: datetime
    used_at: datetime | None


class Links(Protocol):
    async def offer(self, links: Sequence[Link], now: datetime) -> list[UUID]:
        """Keeps a link for each part; of one asked again in the same round, the first. Returns their ids."""

    async def find(self, link_id: UUID) -> Link | None: ...

    async def lock(self, link_id: UUID) -> Link | None: ...

    async def of_part(self, approval_id: UUID, step: str, round_: int, person_id: UUID) -> Link | None: ...

    async def use(self, link_id: UUID, at: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Document:
    """A file that belongs, or is to belong, to somebody's decision."""

    id: UUID
    approval_id: UUID
    person_id: UUID
    """Who attached it."""
    name: str
    media_type: str
    size: int
    sha256: str


class Evidence(Protocol):
    async def add(self, document: Document, data: bytes, now: datetime) -> None: ...

    async def count(self, approval_id: UUID, person_id: UUID) -> int: ...

    async def named(self, approval_id: UUID, ids: list[UUID]) -> list[Document]: ...

    async def read(self, approval_id: UUID, evidence_id: UUID) -> tuple[Document, bytes] | None: ...

    async def erase_names(self, person_id: UUID) -> None:
        """What the person called the files that they attached; the files stay."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote about a step; a question, where it is to somebody."""

    id: UUID
    approval_id: UUID
    step: str
    person_id: UUID
    text: str
    to_person: UUID | None
    written_at: datetime
    answer: str | None = None
    answered_by: UUID | None = None
    answered_at: datetime | None = None


class Comments(Protocol):
    async def add(self, comment: Comment) -> None: ...

    async def lock(self, approval_id: UUID, comment_id: UUID) -> Comment | None: ...

    async def save_answer(self, comment: Comment) -> None: ...

    async def erase_texts(self, person_id: UUID) -> None: ...

    async def page(self, approval_id: UUID, after: UUID | None, limit: int) -> list[Comment]:
        """Oldest first."""


MoveState = Literal["previewing", "previewed", "moving", "moved", "reverting", "reverted"]
Verdict = Literal["possible", "refused", "moved", "reverted", "kept"]


@dataclass(frozen=True, slots=True)
class Move:
    """Running approvals of a process on their way to another version."""

    id: UUID
    process_key: str
    to_version: int
    state: MoveState
    created_at: datetime
    created_by: UUID
    version: int
    carried_out_by: UUID | None = None
    """Who had it carried out, or taken back; None while it is a preview."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What is to become, or became, of one approval."""

    approval_id: UUID
    from_version: int
    verdict: Verdict
    reason: str | None = None
    part: str | None = None
    """The key of the step or node that stands in the way."""


class Moves(Protocol):
    async def add(self, move: Move) -> None: ...

    async def find(self, move_id: UUID) -> Move | None: ...

    async def lock(self, move_id: UUID) -> Move | None: ...

    async def save(self, move: Move, now: datetime) -> None: ...

    async def page(self, key: str, before: UUID | None, limit: int) -> list[Move]:
        """Newest first."""

    async def counts(self, move_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
        """How many approvals of each move have each verdict."""

    async def note(self, move_id: UUID, items: list[Moved]) -> None: ...

    async def items(self, move_id: UUID, after: UUID | None, verdict: str | None, limit: int) -> list[Moved]:
        """By approval."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A draft tried on approvals that are over."""

    id: UUID
    process_key: str
    definition: Definition
    subject: SubjectType
    wanted: int
    done: int
    report: dict[str, Any] | None
    created_at: datetime
    created_by: UUID
    ended_at: datetime | None = None


class Replays(Protocol):
    async def add(self, replay: Replay) -> None: ...

    async def find(self, replay_id: UUID) -> Replay | None: ...

    async def save(
        self, replay_id: UUID, done: int, report: dict[str, Any], ended_at: datetime | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What the directory's copy says of somebody by which rules name people."""

    active: bool
    roles: frozenset[str]
    unit: UUID | None
    manager: UUID | None
    absent_until: datetime | None


class Directories(Protocol):
    """The copy of the tenant's directory."""

    async def read(self) -> Directory: ...

    async def find_person(self, person_id: UUID) -> KnownPerson | None:
        """One person, at a cost that does not grow with the directory; so does `find_unit`."""

    async def find_unit(self, unit_id: UUID) -> Unit | None: ...

    async def put_tenant(self, language: str, time_zone: str) -> None: ...

    async def put_person(self, person: dict[str, Any]) -> None:
        """Somebody who is active again has no successor any more."""

    async def erase_person(self, person_id: UUID) -> None:
        """Name and address, for good."""

    async def put_successor(self, person_id: UUID, successor_id: UUID) -> None:
        """Of somebody who is known."""

    async def put_unit(
        self, unit_id: UUID, key: str, name: str, parent_id: UUID | None, manager_id: UUID | None
    ) -> None: ...

    async def put_role(self, role_id: UUID, key: str, privileges: list[str]) -> None: ...

    async def working_time(self) -> tuple[WorkingTime, int]:
        """With its version; 0 for the one that applies without a word."""

    async def put_working_time(
        self, working_time: WorkingTime, now: datetime, expected: int | None
    ) -> int | None:
        """Returns its version. None, and nothing is changed, where another than the expected stands there."""


@dataclass(frozen=True, slots=True)
class Ports:
    processes: Processes
    approvals: Approvals
    delegations: Delegations
    directories: Directories
    links: Links
    evidence: Evidence
    comments: Comments
    moves: Moves
    replays: Replays
    conditions: Conditions
    outbox: Outbox
    on_behalf_of: Callable[[UUID], Outbox]
    """The outbox whose events say for whom the actor acted."""
    jobs: Jobs
    mails_links: bool
    """Whether a mail server is set up, so that links can be sent."""
    savepoint: Callable[[], AbstractAsyncContextManager[None]]
    """A part of the transaction that is undone, alone, when it raises."""
    tenant_id: UUID
    actor_id: UUID | None
    """Who acts; None: nobody but time."""
    now: datetime
