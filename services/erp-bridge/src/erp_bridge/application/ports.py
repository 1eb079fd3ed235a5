"""What the use cases ask of the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol, runtime_checkable
from uuid import UUID

from optima_kit.ports import Jobs, Outbox

from ..domain.conflict import Conflict as FieldConflict
from ..domain.conflict import Edit
from ..domain.connection import Connection, Description
from ..domain.ddt_invoice import SentDdt
from ..domain.documents import Document, DocumentContent, OutgoingDocument, RemoteCustomer
from ..domain.entities import RECEIVED_AS, Entity
from ..domain.failure import Direction, Dismissal, Failure, FailureFilter, FailureGroup, Problem
from ..domain.import_plan import KnownRecords, PlannedRecord, RemoteRecord
from ..domain.known_order import KnownOrder
from ..domain.mapping import FieldMapping, Fields
from ..domain.mapping import Mapping as FieldMap
from ..domain.reconciliation import Difference, DifferenceKind, Reconciliation
from ..domain.record import Checks, Record
from ..domain.run import Run
from ..domain.schema import RemoteSchema

Checkpoint = Mapping[str, Any]
"""How far a connector has read: JSON that it alone understands."""


MOST_OF_FACT: Final = 300
"""Characters of what an ERP complains of."""


class Fault(Exception):
    """The outside did not take or give what was asked. `code` has its text in the catalogue of refusals."""

    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def hide(self, secrets: Iterable[str]) -> None:
        """An ERP that complains of credentials may repeat them, and people read what it complains of."""
        # Before it is cut, and the longest first: of none a part may stay.
        for secret in sorted(secrets, key=len, reverse=True):
            self.facts = {name: told.replace(secret, "•••") for name, told in self.facts.items()}
        self.facts = {name: told[:MOST_OF_FACT] for name, told in self.facts.items()}
        self.args = (self.code, self.facts)


class Unreachable(Fault):
    """Nobody answers, or not so that it helps. It may pass by itself."""


class Unauthorised(Fault):
    """The remote system does not accept the credentials, or not for this."""


class Throttled(Fault):
    """The remote system asks to be left alone for a while."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("remote_throttled", seconds=str(int(retry_after.total_seconds())))
        self.retry_after = retry_after


class Rejected(Fault):
    """The remote system does not take this record; somebody must mend something."""


class Conflict(Fault):
    """Somebody changed the remote record since we last saw it. `current` is its version now."""

    def __init__(self, current: str) -> None:
        super().__init__("remote_record_changed")
        self.current = current


class Paused(Fault):
    """The entity is not exchanged until a person has looked at what became of it over there."""

    def __init__(self) -> None:
        super().__init__("entity_paused")


class Gone(Fault):
    """The remote record that a link names is not there any more."""

    def __init__(self, remote_id: str) -> None:
        super().__init__("remote_record_gone", remote_id=remote_id)


class Pace(Protocol):
    """How fast a remote system may be called."""

    async def turn(self) -> None:
        """Waits until another call may be made."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connector finds one tenant's remote system, and as whom."""

    tenant_id: UUID
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    mapping: FieldMap | None = None
    """The connection's, for those who must know names to recognise them; None: the connector's own."""
    pace: Pace | None = None
    """Kept by connectors before each call; None: no ceiling."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a session found of one entity, up to a checkpoint that is saved with it."""

    source: str
    """The file or the remote collection that it comes from."""
    records: Sequence[RemoteRecord]
    checkpoint: Checkpoint
    deleted: Sequence[str] = ()
    """Remote ids that are not there any more, as the connector knows for sure."""
    refused: Fault | None = None
    """Why nothing of the source can be read."""
    header: Sequence[str] | None = None
    """The names that the source's records have, where it says so once for all."""
    unknown: Sequence[str] = ()
    """Names in it that nobody asked for."""
    dialect: str | None = None
    """How the source was read, where that had to be found out."""
    first: bool = True
    last: bool = True
    """Of its source."""


@dataclass(frozen=True, slots=True)
class RemoteLink:
    """Which remote record ours is, as last seen."""

    remote_id: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left in the remote system."""

    remote_id: str
    number: str | None = None
    """The remote system's own number, where it gives one."""
    version: str | None = None


class Session(Protocol):
    """A remote system while we talk to it, outside of any transaction. Every call may raise Fault."""

    async def probe(self) -> str:
        """Says who answers. Makes what the exchange needs where that is for us to make."""

    async def schema(self, entity: Entity) -> RemoteSchema | None:
        """What the remote system has of the entity now; nothing of it where the remote system does not know
        the entity at all. None: it can't say, or its sources say so each for itself."""

    def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        """What changed since the checkpoint, or all there is without one, oldest first.

        A record may come again, none is left out: neither at a page's boundary, nor when many have the same
        time. It goes on where the page before ended, whatever became of that page.
        """

    async def settle(self, page: Page, *, refused: bool) -> None:
        """The page is committed: what it was read from may be put away. `refused`: nothing of its source
        could be taken in. Repeatable."""

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        """The remote record that carries our id, if an earlier write has come that far."""

    async def put(self, document: OutgoingDocument, link: RemoteLink | None) -> Written:
        """Creates the remote record, or brings the linked one to this state. Repeatable.

        Raises Conflict when somebody else changed it since the link's version, Gone when it is not there any
        more, Rejected when the remote system does not take it.
        """


@runtime_checkable
class DocumentLedger(Protocol):
    """A session that can tell all that was written there."""

    def written(self, entity: Entity) -> AsyncIterator[tuple[str, DocumentContent]]:
        """Each record that carries an id of ours, with its remote id; with ours, where that is all that it
        has."""


class Connector(Protocol):
    """One kind of remote system."""

    def describe(self) -> Description:
        """What it can carry; it may not change while the process runs."""

    def mapping(self) -> FieldMap:
        """How fields are mapped unless a connection says otherwise."""

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        """The settings, secrets included, in their normal form. Calls nobody. Raises Invalid, field
        `settings.…`."""

    def location(self, endpoint: Endpoint) -> str:
        """Where people find it."""

    def open(self, endpoint: Endpoint) -> AbstractAsyncContextManager[Session]:
        """Begins to talk to the remote system. Raises Fault."""


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """Which documents somebody asks for; None: without a limit there."""

    first_number: int | None = None
    last_number: int | None = None
    first_day: date | None = None
    last_day: date | None = None

    def holds(self, number: int, day: date) -> bool:
        return (
            (self.first_number is None or number >= self.first_number)
            and (self.last_number is None or number <= self.last_number)
            and (self.first_day is None or day >= self.first_day)
            and (self.last_day is None or day <= self.last_day)
        )


@runtime_checkable
class DocumentFeed(Protocol):
    """A connector whose ERP fetches documents itself, with a user and a password of the connection's."""

    async def fetch(self, endpoint: Endpoint, entity: Entity, wanted: DocumentRange) -> bytes:
        """The documents that were left for it, the first of them where an answer can't hold all. Raises
        Fault."""


class Connectors(Protocol):
    def get(self, key: str) -> Connector:
        """Raises Invalid, field `connector`, for one that there isn't."""

    def every(self) -> Sequence[Connector]: ...


@dataclass(frozen=True, slots=True)
class Outage:
    """A connection's remote system can't be reached."""

    since: datetime
    attempts: int
    retry_at: datetime
    problem: Problem


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """How a connection stands."""

    links: Mapping[Entity, int]
    """Linked records and exported documents."""
    waiting: int
    """Documents that the ERP does not have yet."""
    oldest_waiting_since: datetime | None
    last_export_at: datetime | None
    failures: int
    outage: Outage | None
    paused: Sequence[Entity]
    """Entities that wait for a person, since their remote schema does not fit any more."""


@dataclass(frozen=True, slots=True)
class MappingVersion:
    """A mapping that was in force from a time on, as its departures from the connector's own."""

    version: int
    changes: Mapping[Entity, Mapping[str, FieldMapping]]
    since: datetime


class Connections(Protocol):
    async def get_connection(self, key: str) -> Connection:
        """Raises Absent."""

    async def get_connection_by_id(self, connection_id: UUID) -> Connection:
        """Raises Absent."""

    async def lock_connection(self, key: str) -> Connection | None:
        """None where there is none. Nobody else changes it until the commit."""

    async def lock_settings(self) -> None:
        """Of two connections that are configured at once, the second waits, and then sees the first."""

    async def list_connections(self) -> list[Connection]:
        """All, by key."""

    async def upsert_connection(self, connection: Connection) -> None:
        """Adds or replaces it, and keeps its mapping under its version."""

    async def take_turn(self, connection_id: UUID, distance: timedelta) -> timedelta:
        """Takes the next turn to call the remote system, so far behind the last; returns how long it is
        until then."""

    async def list_mapping_versions(
        self, connection_id: UUID, *, before: int | None, limit: int
    ) -> list[MappingVersion]:
        """The newest first."""

    async def update_last_import(self, connection_id: UUID, at: datetime) -> None:
        """Notes that everything that had come in by then was seen to."""

    async def list_connection_states(
        self, *, key: str | None = None, after: str | None = None, limit: int = 1
    ) -> list[tuple[Connection, ConnectionState]]:
        """By key; only the one with this key if it is given."""


class Checkpoints(Protocol):
    async def find_checkpoint(self, connection_id: UUID, entity: Entity) -> Checkpoint | None: ...

    async def advance_checkpoint(
        self, connection_id: UUID, entity: Entity, before: Checkpoint | None, after: Checkpoint
    ) -> bool:
        """Replaces the checkpoint `before`; False, and nothing done, when somebody else has advanced it.
        Until the commit nobody else does."""

    async def reset_checkpoint(self, connection_id: UUID, entity: Entity) -> None:
        """Has everything come in again."""


@dataclass(frozen=True, slots=True)
class StoredSchema:
    fields: Mapping[str, bool]
    """Whether a record needs a value of each."""
    seen_at: datetime


class Schemas(Protocol):
    async def find_schema(self, connection_id: UUID, entity: Entity) -> StoredSchema | None: ...

    async def save_schema(
        self, connection_id: UUID, entity: Entity, fields: Mapping[str, bool], at: datetime
    ) -> None: ...

    async def delete_schema(self, connection_id: UUID, entity: Entity) -> None:
        """Whatever is found next is right."""


class Runs(Protocol):
    async def save_run(self, run: Run) -> None:
        """Adds it or replaces what is known of it."""

    async def list_runs(self, *, connection: str | None, after: UUID | None, limit: int) -> list[Run]:
        """The newest first."""


@dataclass(frozen=True, slots=True)
class RecordLink:
    """How one ERP knows a record."""

    connection: str
    code: str
    state: str


class Records(Protocol):
    async def find_content_hashes(
        self, connection_id: UUID, entity: Entity, remote_ids: Iterable[str]
    ) -> dict[str, str | None]:
        """Of the linked ones among these remote ids, the hash of the content that came last."""

    async def find_known_records(
        self,
        connection_id: UUID,
        entity: Entity,
        remote_ids: Iterable[str],
        numbers: Iterable[str],
    ) -> KnownRecords:
        """Those that the connection knows by these remote ids, and those that have one of these tax numbers;
        a number that several share names none of them."""

    async def find_taken_codes(self, entity: Entity, codes: Iterable[str]) -> set[str]:
        """Those of the codes, and of what is derived from them, that records have."""

    async def save_records(
        self, connection_id: UUID, entity: Entity, planned: Sequence[PlannedRecord]
    ) -> dict[UUID, str]:
        """Stores created and changed records and the links to the connection. Returns our codes of those that
        were not unchanged."""

    async def update_statistics(self) -> None:
        """Has the database look at what records there are now, so that it finds them well."""

    async def find_received_orders(
        self, connection_id: UUID, remote_ids: Collection[str], codes: Collection[str]
    ) -> list[KnownOrder]:
        """Those that have come already, by their ids there or by their numbers."""

    async def list_received_orders(self, connection_id: UUID) -> list[KnownOrder]:
        """All that have come."""

    async def find_remote_customers(
        self, connection_id: UUID, remotes: Sequence[str]
    ) -> dict[str, tuple[UUID, str]]:
        """Our id and code of the customers that the connection knows by these remote ids or codes."""

    async def find_customers_by_number(self, numbers: Sequence[str]) -> dict[str, tuple[UUID, str]]:
        """Our id and code of the customers that have these as Partita IVA or Codice Fiscale; a number that
        several have names none of them."""

    async def save_customer_links(self, connection_id: UUID, customers: Mapping[str, UUID]) -> None:
        """By remote id: the connection knows these customers from now on. One that it knew stays."""

    async def save_received_orders(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        """Links each: it came from there, and is the order that is there."""

    async def update_received_orders(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        """The ERP knows each by another id, or says that it was made on another day."""

    async def detach_link(self, connection_id: UUID, entity: Entity, remote_id: str) -> None:
        """The remote id is another record's from now on."""

    async def mark_deleted(self, connection_id: UUID, entity: Entity, remote_ids: Sequence[str]) -> int:
        """Marks links as deleted, and records without any other link as inactive. Returns how many."""

    async def list_linked(self, connection_id: UUID, entity: Entity) -> dict[str, str | None]:
        """The content hash of each linked record, by remote id."""

    async def list_records(
        self, entity: Entity, *, code: str | None, after: tuple[str, UUID] | None, limit: int
    ) -> list[Record]:
        """By name."""

    async def get_record(self, entity: Entity, record_id: UUID) -> Record:
        """Raises Absent."""

    async def lock_record(self, entity: Entity, record_id: UUID) -> Record:
        """Locked until the commit. Raises Absent."""

    async def save_edited(self, record: Record, fields: Fields, edits: Mapping[str, Edit]) -> Record:
        """Stores what was changed here. Returns it as it now is."""

    async def find_customer(self, code: str) -> UUID | None:
        """The customer that has this code of ours."""

    async def list_connections_of(self, customer_id: UUID) -> dict[UUID, RemoteCustomer]:
        """The customer as each connection's ERP knows them."""

    async def list_links(self, record_id: UUID) -> list[RecordLink]:
        """By connection."""


@dataclass(frozen=True, slots=True)
class NamedConflict:
    """A conflict with our code and the name of its record."""

    conflict: FieldConflict
    record_code: str
    record_name: str


class Conflicts(Protocol):
    async def save_conflict(self, conflict: FieldConflict) -> UUID:
        """Adds it, or brings the one up to date that is open on the same field of the same connection;
        returns its id."""

    async def lock_conflict(self, conflict_id: UUID) -> FieldConflict:
        """Locked until the commit. Raises Absent."""

    async def list_conflicts(
        self, *, connection: str | None, resolved: bool, after: UUID | None, limit: int
    ) -> list[NamedConflict]:
        """The oldest first."""

    async def get_conflict(self, conflict_id: UUID) -> NamedConflict:
        """Raises Absent."""


@dataclass(frozen=True, slots=True)
class Link:
    remote_id: str | None
    content_hash: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an order was born."""

    connection_id: UUID
    order: KnownOrder

    @property
    def told(self) -> dict[str, str | None]:
        """How it is known there, as our documents have it."""
        day = self.order.day.isoformat() if self.order.day else None
        return dict(zip(RECEIVED_AS, (self.order.code, day, self.order.year or None), strict=True))


class Documents(Protocol):
    async def find_document(self, entity: Entity, internal_id: UUID) -> Document | None: ...

    async def lock_document(self, entity: Entity, internal_id: UUID) -> Document | None:
        """Locked until the commit."""

    async def upsert_document(self, document: Document) -> None: ...

    async def find_link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> Link | None: ...

    async def upsert_awaited_export(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, since: datetime
    ) -> None:
        """Notes that the ERP lacks the document's present state."""

    async def withdraw_awaited_export(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> None:
        """The document is not for this ERP."""

    async def update_exported_link(
        self, connection_id: UUID, document: Document, written: Written, content_hash: str, at: datetime
    ) -> timedelta:
        """Notes that the ERP has this state of the document; returns for how long it had been owed.

        If the document has changed since, the newer state is still owed.
        """

    async def update_link_version(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, version: str | None
    ) -> None:
        """A person has seen the remote record as it now is: it may be written over."""

    async def clear_link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> None:
        """The remote record is not there any more: the next write makes a new one."""

    async def list_awaited_exports(self, connection_id: UUID) -> list[tuple[Entity, UUID]]:
        """All that the ERP lacks."""

    async def find_origin(self, order_id: UUID) -> Origin | None:
        """The ERP in which the order was born; None: it was born here."""

    async def find_known_orders(self, order_ids: Collection[UUID]) -> dict[UUID, bool]:
        """Of those that are orders here, whether each is cancelled."""

    async def list_exported(self, connection_id: UUID, entity: Entity) -> dict[str, Document]:
        """Those of ours that the connection's ERP has, by remote id."""

    async def list_received(self, connection_id: UUID) -> dict[str, Document]:
        """The orders that were born in the connection's ERP, by remote id."""

    async def list_documents_since(self, entity: Entity, since: datetime) -> list[Document]:
        """Those that changed since then, oldest first."""

    async def list_ddts_of_order(self, order_id: UUID) -> list[Document]: ...

    async def list_sent_ddts(
        self, connection_id: UUID, numbers: Collection[str], shipment_ids: Collection[UUID]
    ) -> list[SentDdt]:
        """Those of these numbers or shipments that the connection's ERP was sent."""

    async def list_invoiced_ddts(self, connection_id: UUID, remote_ids: Sequence[str]) -> list[SentDdt]:
        """Those of whose invoices the ERP told under these remote ids."""

    async def save_ddt_invoices(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        """Links each to its DDT, with what it says."""


@dataclass(frozen=True, slots=True)
class StoredFailure:
    failure_id: UUID
    dismissed: bool
    """Somebody has dismissed the record as it came again now."""


class Failures(Protocol):
    async def upsert_failure(self, failure: Failure) -> StoredFailure:
        """Adds the failure, or adds an attempt to the one of the same record."""

    async def delete_failures(
        self,
        connection_id: UUID,
        entity: Entity,
        direction: Direction,
        record_keys: Sequence[str],
        *,
        notices_too: bool = True,
    ) -> None:
        """Forgets the failures of records that went through."""

    async def is_paused(self, connection_id: UUID, entity: Entity) -> bool:
        """Whether the entity waits for a person to say that it goes on."""

    async def find_outage(self, connection_id: UUID) -> Failure | None:
        """The failure that says that the connection's remote system can't be reached."""

    async def end_outage(self, connection_id: UUID) -> None: ...

    async def list_waiting(self, connection_id: UUID) -> list[tuple[Entity, UUID]]:
        """Documents that wait for their customer, or for their order."""

    async def get_failure(self, failure_id: UUID) -> Failure:
        """Raises Absent."""

    async def lock_failure(self, failure_id: UUID) -> Failure:
        """Locked until the commit. Raises Absent."""

    async def list_received_failures(
        self, connection_id: UUID, record_keys: Collection[str]
    ) -> list[Failure]:
        """Those of orders that the ERP has, by the keys of their records."""

    async def restart_failure(self, failure_id: UUID) -> None:
        """Counts attempts from the beginning again."""

    async def list_failures(self, wanted: FailureFilter, *, after: UUID | None, limit: int) -> list[Failure]:
        """The oldest first."""

    async def lock_failures(self, wanted: FailureFilter, *, after: UUID | None, limit: int) -> list[Failure]:
        """The oldest first, locked until the commit."""

    async def list_failure_groups(
        self,
        wanted: FailureFilter,
        *,
        after: tuple[str, str, str, str, str, int] | None = None,
        limit: int | None = None,
    ) -> list[FailureGroup]:
        """By connection, entity, direction, class, code and whether the records are kept."""

    async def dismiss_failures(
        self, wanted: FailureFilter, dismissal: Dismissal, *, failure_id: UUID | None = None
    ) -> int:
        """Dismisses those that can be, or the one of this id, and owes their documents no more. Returns how
        many."""


@dataclass(frozen=True, slots=True)
class NamedDifference:
    """A difference with the record that is linked, where one is."""

    difference: Difference
    record_id: UUID | None
    record_code: str | None
    record_name: str | None


class Reconciliations(Protocol):
    async def save_reconciliation(
        self, found: Reconciliation, differences: Sequence[Difference], *, keep: int
    ) -> None:
        """Adds it, and forgets all but the last so many of the same connection and entity."""

    async def list_reconciliations(
        self, *, connection: str | None, after: UUID | None, limit: int
    ) -> list[Reconciliation]:
        """The newest first."""

    async def get_reconciliation(self, reconciliation_id: UUID) -> Reconciliation:
        """Raises Absent."""

    async def list_differences(
        self,
        reconciliation_id: UUID,
        *,
        kind: DifferenceKind | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> list[NamedDifference]:
        """By kind and remote id."""


class Exchanged(Protocol):
    """What the metrics are told."""

    def exported(self, connector: str, entity: Entity, lag: timedelta) -> None: ...

    def refused(self, connector: str, entity: Entity) -> None: ...


class Directory(Protocol):
    async def names(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """The names of people. Who is not known yet is left out."""


@dataclass(frozen=True, slots=True)
class Ports:
    connections: Connections
    checkpoints: Checkpoints
    schemas: Schemas
    runs: Runs
    records: Records
    conflicts: Conflicts
    documents: Documents
    failures: Failures
    reconciliations: Reconciliations
    connectors: Connectors
    checks: Checks
    exchanged: Exchanged
    mapping_text: Callable[[FieldMap], str]
    """A mapping as people keep it."""
    directory: Directory
    outbox: Outbox
    jobs: Jobs
    tenant_id: UUID
    now: datetime

    def endpoint(self, connection: Connection) -> Endpoint:
        return Endpoint(
            self.tenant_id,
            connection.settings,
            connection.secrets,
            connection.mapping,
        )


class Work(Protocol):
    """Whoever calls the outside between transactions."""

    def transaction(self) -> AbstractAsyncContextManager[Ports]: ...


class ReadOnlyWork(Protocol):
    """Whoever reads without touching: what is written here fails."""

    def reading(self) -> AbstractAsyncContextManager[Ports]: ...


class RequestWork(Work, ReadOnlyWork, Protocol):
    """One request around its calls to the outside."""


class JobWork(Work, Protocol):
    """One attempt at a job."""

    def finish(self) -> AbstractAsyncContextManager[Ports]:
        """The last transaction, in which the job is marked done unless it was owed anew."""
