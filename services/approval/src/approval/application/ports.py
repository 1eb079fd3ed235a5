"""The interfaces through which the use cases reach the database, the outbox and the jobs."""

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
        """Whether new approvals may open under this process."""
        return self.published is not None and self.retired_at is None


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    definition: Definition
    number: int
    published_at: datetime
    published_by: UUID | None
    rules: int
    """The number of the engine's rules by which this version is read (see `domain.process.RULES`)."""


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
        """Find a process and lock it, so that nobody else changes it until the transaction ends."""

    async def add(self, process_id: UUID, definition: Definition, now: datetime, by: UUID) -> bool:
        """Add a process. Return False if the key is taken, as somebody else may just have used it."""

    async def save(self, draft: Draft, by: UUID) -> None: ...

    async def page(self, after: str, limit: int) -> list[Draft]:
        """List the processes in the order of their keys, beginning after the key `after`."""

    async def publish(
        self, definition: Definition, subject: SubjectType, number: int, now: datetime, by: UUID
    ) -> None:
        """Store a version for good, together with the subject type as it is now."""

    async def version(self, key: str, number: int) -> Process | None:
        """Return a published version, ready to run, or None if there is none with this number."""

    async def published(self, key: str, number: int) -> PublishedVersion | None: ...

    async def versions(self, key: str, before: int | None, limit: int) -> list[ListedVersion]:
        """List the published versions of a process, newest first."""

    async def erase_address(self, email: str, person_id: UUID) -> None:
        """Replace the person's e-mail address by their id in every process document that names them. The
        meaning of the documents stays the same."""

    async def subject_type(self, key: str) -> SubjectType | None: ...

    async def subject_type_version(self, key: str) -> int | None:
        """Return the version of a subject type, or None if it is built in or does not exist."""

    async def subject_types(self) -> list[SubjectType]: ...

    async def put_brief_form(self, type_key: str, version: int, kinds: Mapping[str, str]) -> None:
        """Store which fields the form of a brief type has. `kinds` maps each field's key to the kind of its
        value."""

    async def put_subject_type(self, subject: SubjectType, now: datetime, expected: int | None) -> int | None:
        """Store a subject type and return its new version. Change nothing and return None if the stored
        version is not the expected one."""


NOT_ENDED: Final = ("waiting", "pending")
"""The states of a step that is not over."""


@dataclass(frozen=True, slots=True)
class StoredApproval:
    """An approval as it is stored."""

    approval: Approval
    version: int
    title: str
    correlation: UUID
    subject_sequence: int
    watchers: frozenset[UUID] = frozenset()
    """The people who are notified of its end, besides the requester."""

    def listed(self) -> ApprovalSummary:
        approval = self.approval
        return ApprovalSummary(
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
class ApprovalSummary:
    """An approval as lists show it, without the details of its steps."""

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
    """The keys of the steps that wait for people."""
    steps_ended: int
    steps: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of an inbox: a part of a step that waits for a person's decision."""

    listed: ApprovalSummary
    content: dict[str, Any]
    """The subject's content. A large content is shortened: of lists and records only that they are there, of
    texts only the beginning."""
    step: str
    person: UUID
    """The person who is asked. If this is not the reader, the reader would decide on that person's behalf."""
    why: str
    requested_at: datetime
    due_at: datetime | None
    place: InboxPlace
    follow_up_on: date | None = None
    """The day on which the person who is asked wants to come back to it."""
    claimed_by: UUID | None = None
    """The approver who has claimed the step."""


InboxSort = Literal["requested", "due", "amount"]
"""The oldest, the soonest due, or the largest amount first."""


@dataclass(frozen=True, slots=True)
class InboxPlace:
    """The position of a row in a sorted inbox, or the position at which a page ended."""

    rank: int
    moment: datetime
    approval_id: UUID
    step: str
    person: UUID


How = Literal["direct", "role", "delegation"]
"""The reason why something is in the reader's inbox."""


@dataclass(frozen=True, slots=True)
class InboxFilter:
    subject_id: UUID | None = None
    process: str | None = None
    due_before: datetime | None = None
    text: str | None = None
    """Words of the title, the number or the requester's name."""
    back_by: date | None = None
    """Leaves out what the person asked wants to come back to only after this day."""
    how: How | None = None
    requesters: list[UUID] | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    """Bounds of the amount, in euro. A subject whose amount is unknown is within no bounds."""


@dataclass(frozen=True, slots=True)
class PartNote:
    """What a person has noted about their own waiting part: that they claim the step, or that they want to
    come back to it on a day."""

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
    """The sum of the known amounts, in euro."""


@dataclass(frozen=True, slots=True)
class ApprovalFilter:
    subject_id: UUID | None = None
    state: str | None = None
    process: str | None = None
    text: str | None = None
    concerned: UUID | None = None
    """Only approvals that concern this person, or all if None."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An entry of an approval's history: an event with its number and with the person who caused it."""

    number: int
    event: Event
    actor_id: UUID | None


class Approvals(Protocol):
    """One tenant's approvals."""

    async def find(self, approval_id: UUID) -> StoredApproval | None: ...

    async def lock(self, approval_id: UUID) -> StoredApproval | None:
        """Find an approval and lock it, so that nobody else changes it until the transaction ends."""

    async def lock_newest(self, subject_type: str, subject_id: UUID) -> StoredApproval | None:
        """Return the newest approval of a subject, locked, or None. The type is needed because things of two
        types may have the same id."""

    async def titles(self, approval_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the titles of these approvals' subjects. Approvals whose subject has no title are left
        out."""

    async def add(
        self,
        stored: StoredApproval,
        events: tuple[Event, ...],
        amount: Decimal | None,
        rules: set[str],
        *,
        listed: bool = True,
    ) -> None:
        """Store a new approval and its events. `rules` are the rules by which its pending steps find people.
        If `listed` is False, inboxes do not show it to the people asked until `list_parts` is called."""

    async def save(
        self,
        before: StoredApproval,
        result: Result,
        title: str,
        amount: Decimal | None,
        subject_sequence: int,
        rules: set[str],
        *,
        listed: bool = True,
    ) -> StoredApproval:
        """Store the new state of a locked approval and append its events. `listed` means the same as in
        `add`."""

    async def list_parts(self, approval: Approval, of: UUID | None = None) -> None:
        """Make inboxes show a locked approval to everybody whom it asks, or only to the person `of`. Calling
        it again changes nothing."""

    async def notes(self, approval_id: UUID) -> list[PartNote]:
        """List the notes about the approval's waiting parts."""

    async def save_claim(self, approval_id: UUID, step: str, person_id: UUID, at: datetime | None) -> None:
        """Store on a locked approval that the person claims the step, or gives it back if `at` is None."""

    async def save_follow_up(self, approval_id: UUID, step: str, person_id: UUID, on: date | None) -> None:
        """Store on a locked approval the day to which the person puts off their part, or None for no day."""

    async def save_watchers(self, approval_id: UUID, watchers: frozenset[UUID]) -> None:
        """Store who watches a locked approval."""

    async def concerns(self, approval_id: UUID, person_id: UUID) -> bool:
        """Tell whether the person requested the approval or was ever asked to decide about it."""

    async def history(self, approval_id: UUID, after: int, limit: int) -> list[HistoryEntry]: ...

    async def whole_history(self, approval_id: UUID) -> list[HistoryEntry]: ...

    async def naming(self, person_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """List the approvals whose content or history names the person, or in which the person acted, in the
        order of their ids."""

    async def save_erased(self, approval: Approval, history: list[HistoryEntry], person_id: UUID) -> None:
        """Store a locked approval after the person's texts were erased from its state and from the events
        `history`."""

    async def page(self, chosen: ApprovalFilter, before: UUID | None, limit: int) -> list[ApprovalSummary]:
        """List the chosen approvals, newest first."""

    async def inbox(
        self,
        person_id: UUID,
        grants: list[tuple[UUID, str | None, Decimal | None]],
        chosen: InboxFilter,
        sort: InboxSort,
        after: InboxPlace | None,
        limit: int,
    ) -> list[Waiting]:
        """List what waits for the person. Each of `grants` is a delegation to them: who gave it, for which
        process, and up to which amount (None means every process, or every amount)."""

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
        """List the open approvals that wait for one of the people, that one of them requested, or whose
        pending steps find people by one of the rules, in the order of their ids."""

    async def open_ones(self, after: UUID | None, limit: int) -> list[UUID]:
        """List all open approvals in the order of their ids."""

    async def concern_with_requests(self, person_id: UUID, requesters: list[UUID]) -> None:
        """Let the person see the open approvals that the requesters have asked for."""

    async def migratable(
        self, key: str, to_version: int, after: UUID | None, limit: int
    ) -> list[StoredApproval]:
        """List the open approvals that follow another version of the process, in the order of their ids."""

    async def over(self, key: str, ended_at: datetime, before: UUID | None, limit: int) -> list[Approval]:
        """List the approvals of a process that were decided or expired, newest end first; cancelled ones are
        left out. The page begins after the approval that ended at `ended_at` and has the id `before` or, if
        `before` is None, with the approvals that ended at that time."""

    async def withdraw_subject(self, subject_id: UUID) -> None:
        """Remember that the subject is cancelled for good."""

    async def put_budget_figures(self, subject_id: UUID, revision: int, figures: Mapping[str, str]) -> None:
        """Store the figures of the budget that a revision of a brief is charged to. Figures that are already
        stored stay as they are."""

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
        """Return, locked, the delegations that the person gave or received and that have neither ended nor
        been revoked."""

    async def revoke(self, delegation_id: UUID, at: datetime) -> None: ...

    async def erase_reasons(self, person_id: UUID) -> None:
        """Erase the reasons of the delegations that the person gave or, as an admin, created for others."""

    async def page(self, person_id: UUID | None, before: UUID | None, limit: int) -> list[StoredDelegation]:
        """List the delegations that a person gave or received, or all if `person_id` is None, newest
        first."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link in an e-mail. It lets a person decide their part once, without signing in."""

    id: UUID
    approval_id: UUID
    step: str
    round: int
    person_id: UUID
    expires_at: datetime
    used_at: datetime | None


class Links(Protocol):
    async def offer(self, links: Sequence[Link], now: datetime) -> list[UUID]:
        """Store a link for each part and return their ids. A person who is asked again in the same round
        keeps the first link."""

    async def find(self, link_id: UUID) -> Link | None: ...

    async def lock(self, link_id: UUID) -> Link | None: ...

    async def of_part(self, approval_id: UUID, step: str, round_: int, person_id: UUID) -> Link | None: ...

    async def use(self, link_id: UUID, at: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Document:
    """A file that belongs to a person's decision, or that they have attached for a decision to come."""

    id: UUID
    approval_id: UUID
    person_id: UUID
    """The person who attached it."""
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
        """Erase the names of the files that the person attached. The files themselves stay."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A text that a person wrote about a step. With `to_person`, it is a question to that person."""

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
        """List the comments of an approval, oldest first."""


MigrationState = Literal["previewing", "previewed", "moving", "moved", "reverting", "reverted"]
Verdict = Literal["possible", "refused", "moved", "reverted", "kept"]


@dataclass(frozen=True, slots=True)
class Migration:
    """The migration of a process's running approvals to another version. The API and the database call it a
    move."""

    id: UUID
    process_key: str
    to_version: int
    state: MigrationState
    created_at: datetime
    created_by: UUID
    version: int
    carried_out_by: UUID | None = None
    """The person who last had the migration carried out or reverted, or None while it is a preview."""


@dataclass(frozen=True, slots=True)
class MigrationItem:
    """The result, or the expected result, of a migration for one approval."""

    approval_id: UUID
    from_version: int
    verdict: Verdict
    reason: str | None = None
    part: str | None = None
    """The key of the step or node that stands in the way."""


class Migrations(Protocol):
    async def add(self, migration: Migration) -> None: ...

    async def find(self, migration_id: UUID) -> Migration | None: ...

    async def lock(self, migration_id: UUID) -> Migration | None: ...

    async def save(self, migration: Migration, now: datetime) -> None: ...

    async def page(self, key: str, before: UUID | None, limit: int) -> list[Migration]:
        """List the migrations of a process's approvals, newest first."""

    async def counts(self, migration_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
        """Count the approvals of each migration by verdict."""

    async def note(self, migration_id: UUID, items: list[MigrationItem]) -> None: ...

    async def items(
        self, migration_id: UUID, after: UUID | None, verdict: str | None, limit: int
    ) -> list[MigrationItem]:
        """List the results of a migration in the order of the approvals' ids, all or those of one verdict."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A trial of a process definition on approvals that have already ended."""

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
    """The facts about a person on which the rules for finding approvers depend."""

    active: bool
    roles: frozenset[str]
    unit: UUID | None
    manager: UUID | None
    absent_until: datetime | None


class Directories(Protocol):
    """The copy of the tenant's directory."""

    async def read(self) -> Directory: ...

    async def find_person(self, person_id: UUID) -> KnownPerson | None:
        """Find one person at a cost that does not grow with the directory, which `read` would load whole."""

    async def find_unit(self, unit_id: UUID) -> Unit | None: ...

    async def put_tenant(self, language: str, time_zone: str) -> None: ...

    async def put_person(self, person: dict[str, Any]) -> None:
        """Store a person as they are now. A person who is active again loses their successor."""

    async def erase_person(self, person_id: UUID) -> None:
        """Erase the person's name and e-mail address for good."""

    async def put_successor(self, person_id: UUID, successor_id: UUID) -> None:
        """Store who takes over from a person. Nothing happens if the directory's copy lacks that person."""

    async def put_unit(
        self, unit_id: UUID, key: str, name: str, parent_id: UUID | None, manager_id: UUID | None
    ) -> None: ...

    async def put_role(self, role_id: UUID, key: str, privileges: list[str]) -> None: ...

    async def working_time(self) -> tuple[WorkingTime, int]:
        """Return the tenant's working time and its version, or the default working time and 0 if the tenant
        has set none."""

    async def put_working_time(
        self, working_time: WorkingTime, now: datetime, expected: int | None
    ) -> int | None:
        """Store the working time and return its new version. Change nothing and return None if the stored
        version is not the expected one."""


@dataclass(frozen=True, slots=True)
class Ports:
    processes: Processes
    approvals: Approvals
    delegations: Delegations
    directories: Directories
    links: Links
    evidence: Evidence
    comments: Comments
    migrations: Migrations
    replays: Replays
    conditions: Conditions
    outbox: Outbox
    on_behalf_of: Callable[[UUID], Outbox]
    """Returns an outbox whose events record that the actor acted on behalf of the given person."""
    jobs: Jobs
    mails_links: bool
    """Whether a mail server is set up, so that links can be sent."""
    savepoint: Callable[[], AbstractAsyncContextManager[None]]
    """Opens a part of the transaction that alone is rolled back if it raises."""
    tenant_id: UUID
    actor_id: UUID | None
    """The person who acts, or None if a timer does."""
    now: datetime
