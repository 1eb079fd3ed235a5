"""Interfaces that the use cases need from adapters, and the data that crosses them."""

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
from ..domain.party import Checks
from ..domain.reconciliation import Difference, DifferenceKind, Reconciliation
from ..domain.record import Record
from ..domain.run import Run
from ..domain.schema import RemoteSchema

Checkpoint = Mapping[str, Any]
"""How far a connector has read: JSON that it alone understands."""


MOST_OF_FACT: Final = 300
"""How many characters of an ERP's error message are kept."""


class Fault(Exception):
    """A remote system did not accept or return what was asked. The text for `code` is in the catalogue of
    refusals."""

    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def hide(self, secrets: Iterable[str]) -> None:
        """Replace secrets in the facts, because an ERP's error message may repeat credentials and people
        read it."""
        # Replace before cutting, and the longest secret first, so that no part of a secret remains.
        for secret in sorted(secrets, key=len, reverse=True):
            self.facts = {name: told.replace(secret, "•••") for name, told in self.facts.items()}
        self.facts = {name: told[:MOST_OF_FACT] for name, told in self.facts.items()}
        self.args = (self.code, self.facts)


class Unreachable(Fault):
    """The remote system does not answer, or not usefully. This may pass by itself."""


class Unauthorised(Fault):
    """The remote system does not accept the credentials, or they do not permit this call."""


class Throttled(Fault):
    """The remote system asks us to wait before the next call."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("remote_throttled", seconds=str(int(retry_after.total_seconds())))
        self.retry_after = retry_after


class Rejected(Fault):
    """The remote system does not accept this record; a person must correct something first."""


class Conflict(Fault):
    """Somebody changed the remote record after we last saw it. `current` is its present version."""

    def __init__(self, current: str) -> None:
        super().__init__("remote_record_changed")
        self.current = current


class EntityPaused(Fault):
    """The entity is not exchanged until a person has checked how its fields changed in the ERP."""

    def __init__(self) -> None:
        super().__init__("entity_paused")


class Gone(Fault):
    """The remote record that a link names no longer exists."""

    def __init__(self, remote_id: str) -> None:
        super().__init__("remote_record_gone", remote_id=remote_id)


class Pace(Protocol):
    """A limit on how fast a remote system may be called."""

    async def turn(self) -> None:
        """Wait until another call may be made."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of one tenant's remote system, and the credentials to use there."""

    tenant_id: UUID
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    mapping: FieldMap | None = None
    """The connection's mapping, for connectors that recognise fields by their names. None means the
    connector's own mapping."""
    pace: Pace | None = None
    """Connectors wait for it before each call. None means that calls are not limited."""


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one entity that a session found, up to a checkpoint that is saved together with them."""

    source: str
    """The file or the remote collection that the records come from."""
    records: Sequence[RemoteRecord]
    checkpoint: Checkpoint
    deleted: Sequence[str] = ()
    """Remote ids that the connector knows for certain to be deleted."""
    refused: Fault | None = None
    """The reason why nothing in the source can be read."""
    header: Sequence[str] | None = None
    """The field names of all records, if the source states them once (as the header of a file does)."""
    unknown: Sequence[str] = ()
    """Names in the header that the mapping does not know."""
    dialect: str | None = None
    """How the source was read (encoding, separator), if that had to be detected."""
    first: bool = True
    """Whether this is the first page of its source."""
    last: bool = True
    """Whether this is the last page of its source."""


@dataclass(frozen=True, slots=True)
class RemoteLink:
    """The remote record that corresponds to a record of ours, as last seen."""

    remote_id: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a write left in the remote system."""

    remote_id: str
    number: str | None = None
    """The remote system's own number, if it gives one."""
    version: str | None = None


class Session(Protocol):
    """An open conversation with a remote system, outside of any transaction. Every call may raise Fault."""

    async def probe(self) -> str:
        """Return the name of the system that answers. Create there what the exchange needs, if that is our
        task."""

    async def schema(self, entity: Entity) -> RemoteSchema | None:
        """Return the fields that the remote system has for the entity now; a schema without fields if it
        does not know the entity. Return None if it can't tell, or if each of its sources has a schema of
        its own."""

    def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        """Yield the records that changed since the checkpoint, or all records if there is none, oldest first.

        A record may be repeated, but none is left out: neither at a page's boundary nor if many records have
        the same time. Each page begins where the previous one ended, even if that one was refused.
        """

    async def settle(self, page: Page, *, refused: bool) -> None:
        """Put away the source of a page that is committed. `refused` says that nothing in the source could
        be imported. Calling it again does no harm."""

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        """Return the remote record that carries our id, or None if no earlier write created it."""

    async def put(self, document: OutgoingDocument, link: RemoteLink | None) -> WriteResult:
        """Create the remote record, or bring the linked one to this state. Calling it again does no harm.

        Raises Conflict if somebody else changed the record after the link's version, Gone if it no longer
        exists, Rejected if the remote system does not accept the document.
        """


@runtime_checkable
class DocumentLedger(Protocol):
    """A session that can list everything that was written to its remote system."""

    def written(self, entity: Entity) -> AsyncIterator[tuple[str, DocumentContent]]:
        """Yield each record that carries an id of ours, together with its remote id, or with our id if it
        has no other."""


class Connector(Protocol):
    """One kind of remote system."""

    def describe(self) -> Description:
        """Return what the connector can exchange. The answer may not change while the process runs."""

    def mapping(self) -> FieldMap:
        """Return how fields are mapped unless a connection says otherwise."""

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Return the settings, secrets included, in their normal form, without calling the remote system.
        Raises Invalid with field `settings.…`."""

    def location(self, endpoint: Endpoint) -> str:
        """Return where people find the remote system: an address, or a folder."""

    def open(self, endpoint: Endpoint) -> AbstractAsyncContextManager[Session]:
        """Open a session with the remote system. Raises Fault."""


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """The documents that somebody asks for. A bound that is None does not limit."""

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
    """A connector whose ERP fetches documents itself, with a user name and password from the connection."""

    async def fetch(self, endpoint: Endpoint, entity: Entity, wanted: DocumentRange) -> bytes:
        """Return the documents that were left for the ERP, or the first of them if one answer can't hold
        all. Raises Fault."""


class Connectors(Protocol):
    def get(self, key: str) -> Connector:
        """Return the connector with this key. Raises Invalid with field `connector` if there is none."""

    def every(self) -> Sequence[Connector]: ...


@dataclass(frozen=True, slots=True)
class Outage:
    """A period in which a connection's remote system can't be reached."""

    since: datetime
    attempts: int
    retry_at: datetime
    problem: Problem


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """What has been exchanged over a connection, and what waits or has failed."""

    links: Mapping[Entity, int]
    """How many records are linked and how many documents are exported."""
    waiting: int
    """Documents that the ERP does not have yet."""
    oldest_waiting_since: datetime | None
    last_export_at: datetime | None
    failures: int
    outage: Outage | None
    paused: Sequence[Entity]
    """Entities that wait for a person because their remote schema no longer fits."""


@dataclass(frozen=True, slots=True)
class MappingVersion:
    """A mapping that came into force at `since`, kept as its differences from the connector's own mapping."""

    version: int
    changes: Mapping[Entity, Mapping[str, FieldMapping]]
    since: datetime


class Connections(Protocol):
    async def get_connection(self, key: str) -> Connection:
        """Return the connection with this key. Raises Absent if there is none."""

    async def get_connection_by_id(self, connection_id: UUID) -> Connection:
        """Return the connection with this id. Raises Absent if there is none."""

    async def lock_connection(self, key: str) -> Connection | None:
        """Return the connection, locked until the commit, or None if there is none."""

    async def lock_settings(self) -> None:
        """Wait until no other transaction configures a connection, so that this one sees its result."""

    async def list_connections(self) -> list[Connection]:
        """List all connections, by key."""

    async def upsert_connection(self, connection: Connection) -> None:
        """Add or replace the connection, and keep its mapping under the mapping's version."""

    async def take_turn(self, connection_id: UUID, distance: timedelta) -> timedelta:
        """Reserve the next turn to call the remote system, `distance` after the last one. Return how long
        the caller must wait for it."""

    async def list_mapping_versions(
        self, connection_id: UUID, *, before: int | None, limit: int
    ) -> list[MappingVersion]:
        """List the versions of the connection's mapping, newest first."""

    async def update_last_import(self, connection_id: UUID, at: datetime) -> None:
        """Record that everything that had arrived by then has been processed."""

    async def list_connection_states(
        self, *, key: str | None = None, after: str | None = None, limit: int = 1
    ) -> list[tuple[Connection, ConnectionState]]:
        """List connections with their states, by key; only the connection with `key` if it is given."""


class Checkpoints(Protocol):
    async def find_checkpoint(self, connection_id: UUID, entity: Entity) -> Checkpoint | None: ...

    async def advance_checkpoint(
        self, connection_id: UUID, entity: Entity, before: Checkpoint | None, after: Checkpoint
    ) -> bool:
        """Replace the checkpoint `before` by `after` and lock it until the commit. Return False, and change
        nothing, if somebody else has advanced it."""

    async def reset_checkpoint(self, connection_id: UUID, entity: Entity) -> None:
        """Forget the checkpoint, so that the next import reads everything again."""


@dataclass(frozen=True, slots=True)
class StoredSchema:
    fields: Mapping[str, bool]
    """For each field, whether a record needs a value for it."""
    seen_at: datetime


class Schemas(Protocol):
    async def find_schema(self, connection_id: UUID, entity: Entity) -> StoredSchema | None: ...

    async def save_schema(
        self, connection_id: UUID, entity: Entity, fields: Mapping[str, bool], at: datetime
    ) -> None: ...

    async def delete_schema(self, connection_id: UUID, entity: Entity) -> None:
        """Forget the schema, so that the next one that is found is accepted."""


class Runs(Protocol):
    async def save_run(self, run: Run) -> None:
        """Add the run, or replace it if it is known."""

    async def list_runs(self, *, connection: str | None, after: UUID | None, limit: int) -> list[Run]:
        """List runs, newest first."""


@dataclass(frozen=True, slots=True)
class RecordLink:
    """The code under which one ERP knows a record."""

    connection: str
    code: str
    state: str


class Records(Protocol):
    async def find_content_hashes(
        self, connection_id: UUID, entity: Entity, remote_ids: Iterable[str]
    ) -> dict[str, str | None]:
        """Return the hash of the last imported content by remote id, for those remote ids that are linked."""

    async def find_known_records(
        self,
        connection_id: UUID,
        entity: Entity,
        remote_ids: Iterable[str],
        numbers: Iterable[str],
    ) -> KnownRecords:
        """Return the records that the connection knows by these remote ids and those with one of these tax
        numbers. A number that several records share identifies none of them."""

    async def find_taken_codes(self, entity: Entity, codes: Iterable[str]) -> set[str]:
        """Return which of these codes, and of codes derived from them, records already have."""

    async def save_records(
        self, connection_id: UUID, entity: Entity, planned: Sequence[PlannedRecord]
    ) -> dict[UUID, str]:
        """Store created and changed records and their links to the connection. Return our codes of the
        created and changed records, by record id."""

    async def update_statistics(self) -> None:
        """Refresh the database's statistics of the records, so that it plans queries well."""

    async def find_received_orders(
        self, connection_id: UUID, remote_ids: Collection[str], codes: Collection[str]
    ) -> list[KnownOrder]:
        """Return the orders with these remote ids or these numbers that were already received."""

    async def list_received_orders(self, connection_id: UUID) -> list[KnownOrder]:
        """List all orders received from the connection."""

    async def find_remote_customers(
        self, connection_id: UUID, remotes: Sequence[str]
    ) -> dict[str, tuple[UUID, str]]:
        """Return our id and code of the customers that the connection knows by these remote ids or codes."""

    async def find_customers_by_number(self, numbers: Sequence[str]) -> dict[str, tuple[UUID, str]]:
        """Return our id and code of the customers with these numbers as Partita IVA or Codice Fiscale. A
        number that several customers share identifies none of them."""

    async def save_customer_links(self, connection_id: UUID, customers: Mapping[str, UUID]) -> None:
        """Link customers, given by remote id, to the connection. A link that exists stays as it is."""

    async def save_received_orders(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        """Link each order to the remote order that it came from."""

    async def update_received_orders(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        """Store the new remote ids or order dates that the ERP gives for orders already received."""

    async def detach_link(self, connection_id: UUID, entity: Entity, remote_id: str) -> None:
        """Release the remote id from its record, because it belongs to another one from now on."""

    async def mark_deleted(self, connection_id: UUID, entity: Entity, remote_ids: Sequence[str]) -> int:
        """Mark links as deleted, and records without any other link as inactive. Return how many."""

    async def list_linked(self, connection_id: UUID, entity: Entity) -> dict[str, str | None]:
        """Return the content hash of each linked record, by remote id."""

    async def list_records(
        self, entity: Entity, *, code: str | None, after: tuple[str, UUID] | None, limit: int
    ) -> list[Record]:
        """List records by name; only the record with `code` if it is given."""

    async def get_record(self, entity: Entity, record_id: UUID) -> Record:
        """Return the record with this id. Raises Absent if there is none."""

    async def lock_record(self, entity: Entity, record_id: UUID) -> Record:
        """Return the record, locked until the commit. Raises Absent if there is none."""

    async def save_edited(self, record: Record, fields: Fields, edits: Mapping[str, Edit]) -> Record:
        """Store the fields that a person changed here. Return the record with its new state."""

    async def find_customer(self, code: str) -> UUID | None:
        """Return the id of the customer that has this code of ours."""

    async def list_connections_of(self, customer_id: UUID) -> dict[UUID, RemoteCustomer]:
        """Return the remote id and code of the customer, by connection."""

    async def list_links(self, record_id: UUID) -> list[RecordLink]:
        """List the ERPs that know the record, by connection."""


@dataclass(frozen=True, slots=True)
class NamedConflict:
    """A conflict with our code and the name of its record."""

    conflict: FieldConflict
    record_code: str
    record_name: str


class Conflicts(Protocol):
    async def save_conflict(self, conflict: FieldConflict) -> UUID:
        """Add the conflict, or update the open conflict on the same field of the same connection. Return
        its id."""

    async def lock_conflict(self, conflict_id: UUID) -> FieldConflict:
        """Return the conflict, locked until the commit. Raises Absent if there is none."""

    async def list_conflicts(
        self, *, connection: str | None, resolved: bool, after: UUID | None, limit: int
    ) -> list[NamedConflict]:
        """List conflicts, oldest first."""

    async def get_conflict(self, conflict_id: UUID) -> NamedConflict:
        """Return the conflict with this id. Raises Absent if there is none."""


@dataclass(frozen=True, slots=True)
class Link:
    remote_id: str | None
    content_hash: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The connection through which an order was received, and the order as that ERP knows it."""

    connection_id: UUID
    order: KnownOrder

    @property
    def told(self) -> dict[str, str | None]:
        """The heading fields that tell an ERP the order's number, day and year in the ERP it came from."""
        day = self.order.day.isoformat() if self.order.day else None
        return dict(zip(RECEIVED_AS, (self.order.code, day, self.order.year or None), strict=True))


class Documents(Protocol):
    async def find_document(self, entity: Entity, internal_id: UUID) -> Document | None: ...

    async def lock_document(self, entity: Entity, internal_id: UUID) -> Document | None:
        """Return the document, locked until the commit, or None if there is none."""

    async def upsert_document(self, document: Document) -> None: ...

    async def find_link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> Link | None: ...

    async def upsert_awaited_export(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, since: datetime
    ) -> None:
        """Record that the ERP lacks the document's present state."""

    async def withdraw_awaited_export(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> None:
        """Record that the document is not meant for this ERP."""

    async def update_exported_link(
        self, connection_id: UUID, document: Document, written: WriteResult, content_hash: str, at: datetime
    ) -> timedelta:
        """Record that the ERP has this state of the document. Return how long the export had been waiting.

        If the document has changed meanwhile, the export of its newer state still waits.
        """

    async def update_link_version(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, version: str | None
    ) -> None:
        """Set the link's version, because a person has seen the remote record as it now is and permits
        overwriting it."""

    async def clear_link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> None:
        """Forget the remote record, which no longer exists, so that the next write creates a new one."""

    async def list_awaited_exports(self, connection_id: UUID) -> list[tuple[Entity, UUID]]:
        """List all documents whose present state the ERP lacks."""

    async def find_origin(self, order_id: UUID) -> Origin | None:
        """Return the ERP from which the order was received, or None if the order was created here."""

    async def find_known_orders(self, order_ids: Collection[UUID]) -> dict[UUID, bool]:
        """Return whether each order is cancelled, for those ids that are orders here."""

    async def list_exported(self, connection_id: UUID, entity: Entity) -> dict[str, Document]:
        """Return our documents that the connection's ERP has, by remote id."""

    async def list_received(self, connection_id: UUID) -> dict[str, Document]:
        """Return the orders that were received from the connection's ERP, by remote id."""

    async def list_documents_since(self, entity: Entity, since: datetime) -> list[Document]:
        """List the documents that changed since then, oldest first."""

    async def list_ddts_of_order(self, order_id: UUID) -> list[Document]: ...

    async def list_sent_ddts(
        self, connection_id: UUID, numbers: Collection[str], shipment_ids: Collection[UUID]
    ) -> list[SentDdt]:
        """List the DDTs with these numbers or of these shipments that were sent to the connection's ERP."""

    async def list_invoiced_ddts(self, connection_id: UUID, remote_ids: Sequence[str]) -> list[SentDdt]:
        """List the DDTs whose invoices the ERP reported under these remote ids."""

    async def save_ddt_invoices(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        """Store what the ERP says about each invoice, linked to its DDT."""


@dataclass(frozen=True, slots=True)
class StoredFailure:
    failure_id: UUID
    dismissed: bool
    """Whether a person has already dismissed the record with the same content."""


class Failures(Protocol):
    async def upsert_failure(self, failure: Failure) -> StoredFailure:
        """Add the failure, or add an attempt to the failure of the same record."""

    async def delete_failures(
        self,
        connection_id: UUID,
        entity: Entity,
        direction: Direction,
        record_keys: Sequence[str],
        *,
        notices_too: bool = True,
    ) -> None:
        """Forget the failures of records that have been exchanged successfully."""

    async def is_paused(self, connection_id: UUID, entity: Entity) -> bool:
        """Tell whether the entity's exchange waits until a person resumes it."""

    async def find_outage(self, connection_id: UUID) -> Failure | None:
        """Return the failure that says that the connection's remote system can't be reached, if any."""

    async def end_outage(self, connection_id: UUID) -> None: ...

    async def list_waiting(self, connection_id: UUID) -> list[tuple[Entity, UUID]]:
        """List the documents that wait for their customer or their order."""

    async def list_waiting_ddts(self, connection_id: UUID, order_id: UUID) -> list[UUID]:
        """List the DDTs of an order that wait for it or for its customer."""

    async def get_failure(self, failure_id: UUID) -> Failure:
        """Return the failure with this id. Raises Absent if there is none."""

    async def lock_failure(self, failure_id: UUID) -> Failure:
        """Return the failure, locked until the commit. Raises Absent if there is none."""

    async def list_received_failures(
        self, connection_id: UUID, record_keys: Collection[str]
    ) -> list[Failure]:
        """List the failures of incoming orders that have these record keys."""

    async def restart_failure(self, failure_id: UUID) -> None:
        """Count the failure's attempts from the beginning again."""

    async def list_failures(self, wanted: FailureFilter, *, after: UUID | None, limit: int) -> list[Failure]:
        """List failures, oldest first."""

    async def lock_failures(self, wanted: FailureFilter, *, after: UUID | None, limit: int) -> list[Failure]:
        """List failures, oldest first, locked until the commit."""

    async def list_failure_groups(
        self,
        wanted: FailureFilter,
        *,
        after: tuple[str, str, str, str, str, int] | None = None,
        limit: int | None = None,
    ) -> list[FailureGroup]:
        """List groups of failures by connection, entity, direction, class, code and whether the records are
        kept."""

    async def dismiss_failures(
        self, wanted: FailureFilter, dismissal: Dismissal, *, failure_id: UUID | None = None
    ) -> int:
        """Dismiss the wanted failures that can be dismissed, or only the one with `failure_id`, and no longer
        wait for the export of their documents. Return how many were dismissed."""


@dataclass(frozen=True, slots=True)
class NamedDifference:
    """A difference together with our linked record, if there is one."""

    difference: Difference
    record_id: UUID | None
    record_code: str | None
    record_name: str | None


class Reconciliations(Protocol):
    async def save_reconciliation(
        self, found: Reconciliation, differences: Sequence[Difference], *, keep: int
    ) -> None:
        """Add the reconciliation, and delete all but the last `keep` of the same connection and entity."""

    async def list_reconciliations(
        self, *, connection: str | None, after: UUID | None, limit: int
    ) -> list[Reconciliation]:
        """List reconciliations, newest first."""

    async def get_reconciliation(self, reconciliation_id: UUID) -> Reconciliation:
        """Return the reconciliation with this id. Raises Absent if there is none."""

    async def list_differences(
        self,
        reconciliation_id: UUID,
        *,
        kind: DifferenceKind | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> list[NamedDifference]:
        """List the differences that the reconciliation found, by kind and remote id."""


class ExchangeCounters(Protocol):
    """Counters of exports that succeeded and of those that the ERP refused, for the metrics."""

    def exported(self, connector: str, entity: Entity, lag: timedelta) -> None: ...

    def refused(self, connector: str, entity: Entity) -> None: ...


class Directory(Protocol):
    async def names(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """Return the names of people by id. People who are not known yet are left out."""


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
    exchanged: ExchangeCounters
    mapping_text: Callable[[FieldMap], str]
    """Writes a mapping as the YAML text that people read."""
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
    """A use case's access to several transactions, between which it may call a remote system."""

    def transaction(self) -> AbstractAsyncContextManager[Ports]: ...


class ReadOnlyWork(Protocol):
    """A use case's access to a read-only transaction, in which writing fails."""

    def reading(self) -> AbstractAsyncContextManager[Ports]: ...


class RequestWork(Work, ReadOnlyWork, Protocol):
    """The transactions of one request, before and after its calls to a remote system."""


class JobWork(Work, Protocol):
    """One attempt at a job."""

    def finish(self) -> AbstractAsyncContextManager[Ports]:
        """Open the last transaction, in which the job is marked as done unless it was scheduled again."""
