"""What the use cases ask of the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from optima_kit.ports import Jobs, Outbox

from ..domain.connection import Capability, Connection
from ..domain.customer import Checks, Customer
from ..domain.documents import Document
from ..domain.failure import Direction, Failure
from ..domain.import_plan import KnownCustomers, PlannedCustomer, Row
from ..domain.mapping import Entity
from ..domain.mapping import Mapping as FieldMap


class ConnectorFault(Exception):
    """The outside did not take or give what was asked. `unreachable` may pass by itself."""

    def __init__(self, code: str, error_class: Literal["refused", "unreachable"], **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.error_class = error_class
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connector finds one tenant's remote system."""

    tenant_id: UUID
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RemoteRows:
    header: Sequence[str]
    rows: Sequence[Row]


class Connector(Protocol):
    """One way of talking to ERPs. Its calls happen outside of transactions and raise ConnectorFault."""

    key: str
    capabilities: Sequence[Capability]

    def check(self, endpoint: Endpoint) -> Mapping[str, str]:
        """The settings in their normal form. Raises Invalid, field `settings.…`."""

    def location(self, endpoint: Endpoint) -> str:
        """Where people find it."""

    def mapping(self) -> FieldMap:
        """How fields are mapped unless a connection says otherwise."""

    async def write(
        self,
        endpoint: Endpoint,
        entity: Entity,
        internal_id: UUID,
        number: str,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, str]],
    ) -> str:
        """Creates or replaces the remote record of `internal_id`; returns the external id. Repeatable."""

    async def waiting(self, endpoint: Endpoint) -> list[str]:
        """Names of what came in and was not put away yet, oldest name first."""

    async def read(self, endpoint: Endpoint, name: str) -> RemoteRows | None:
        """What came in under a name; None once somebody else has put it away."""

    async def still_waits(self, endpoint: Endpoint, name: str) -> bool:
        """False once somebody else has put it away."""

    async def put_away(self, endpoint: Endpoint, name: str, *, refused: bool, at: datetime) -> None:
        """Moves it from what waits to what is done or refused. Does nothing if it no longer waits."""


class Connectors(Protocol):
    def get(self, key: str) -> Connector:
        """Raises Invalid, field `connector`, for one that there isn't."""

    def every(self) -> Sequence[Connector]: ...


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """How a connection stands."""

    customers: int
    orders: int
    ddts: int
    waiting: int
    """Documents that the ERP does not have yet."""
    oldest_waiting_since: datetime | None
    last_export_at: datetime | None
    failures: int


class Connections(Protocol):
    async def get_connection(self, key: str, *, lock: bool = False) -> Connection:
        """Raises Absent. `lock`: nobody else imports through it, or changes it, until the commit."""

    async def get_connection_by_id(self, connection_id: UUID) -> Connection:
        """Raises Absent."""

    async def lock_connection(self, key: str) -> Connection | None:
        """None where there is none. Nobody else changes it until the commit."""

    async def list_connections(self) -> list[Connection]:
        """All, by key."""

    async def upsert_connection(self, connection: Connection) -> None:
        """Adds or replaces it, and keeps its mapping under its version."""

    async def update_last_import(self, connection_id: UUID, at: datetime) -> None:
        """Notes that everything that had come in by then was seen to."""

    async def get_connection_state(self, connection_id: UUID) -> ConnectionState: ...


class Customers(Protocol):
    async def find_known_customers(
        self, connection_id: UUID, codes: Iterable[str], numbers: Iterable[str]
    ) -> KnownCustomers:
        """Those that the connection knows by these codes, and those without a code of its own that have
        one of these tax numbers."""

    async def upsert_customers(self, connection_id: UUID, planned: Sequence[PlannedCustomer]) -> None:
        """Stores created and changed customers and their links to the connection."""

    async def list_customers(
        self, *, code: str | None, after: tuple[str, UUID] | None, limit: int
    ) -> list[Customer]:
        """By name."""

    async def get_customer(self, customer_id: UUID) -> Customer:
        """Raises Absent."""


@dataclass(frozen=True, slots=True)
class Link:
    external_id: str | None
    content_hash: str | None


class Documents(Protocol):
    async def lock_document(self, entity: Entity, internal_id: UUID) -> Document | None:
        """Locked until the commit."""

    async def upsert_document(self, document: Document) -> None: ...

    async def find_link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> Link | None: ...

    async def upsert_awaited_export(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, since: datetime
    ) -> None:
        """Notes that the ERP lacks the document's present state."""

    async def update_exported_link(
        self, connection_id: UUID, document: Document, external_id: str, content_hash: str, at: datetime
    ) -> timedelta:
        """Notes that the ERP has this state of the document; returns for how long it had been owed.

        If the document has changed since, the newer state is still owed.
        """


class Failures(Protocol):
    async def upsert_failure(self, failure: Failure) -> Failure:
        """Adds the failure, or adds an attempt to the one of the same record; returns what is stored."""

    async def delete_failures(
        self, connection_id: UUID, entity: Entity, direction: Direction, record_keys: Sequence[str]
    ) -> None:
        """Forgets the failures of records that went through."""

    async def count_attempts(
        self, connection_id: UUID, entity: Entity, direction: Direction, record_key: str
    ) -> int:
        """How often the record has failed so far."""

    async def lock_failure(self, failure_id: UUID) -> Failure:
        """Locked until the commit. Raises Absent."""

    async def restart_failure(self, failure_id: UUID) -> None:
        """Counts attempts from the beginning again."""

    async def list_failures(self, *, connection: str | None, after: UUID | None, limit: int) -> list[Failure]:
        """The oldest first."""


class Exchanged(Protocol):
    """What the metrics are told."""

    def exported(self, connector: str, entity: Entity, lag: timedelta) -> None: ...

    def refused(self, connector: str, entity: Entity) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    connections: Connections
    customers: Customers
    documents: Documents
    failures: Failures
    connectors: Connectors
    checks: Checks
    exchanged: Exchanged
    outbox: Outbox
    jobs: Jobs
    tenant_id: UUID
    now: datetime

    def endpoint(self, connection: Connection) -> Endpoint:
        return Endpoint(self.tenant_id, connection.settings)


class Work(Protocol):
    """Whoever calls the outside between transactions."""

    def transaction(self) -> AbstractAsyncContextManager[Ports]: ...


class Look(Protocol):
    """Whoever looks without touching: what is written here fails."""

    def reading(self) -> AbstractAsyncContextManager[Ports]: ...


class Run(Work, Protocol):
    """The run of a job."""

    def finish(self) -> AbstractAsyncContextManager[Ports]:
        """The last transaction, in which the job is marked done unless it was owed anew."""
