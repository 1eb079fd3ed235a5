"""The bridge's state in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Absent
from optima_kit.sql import load_queries

from ..application.ports import ConnectionState, Connectors, Link
from ..domain.connection import Connection
from ..domain.customer import Customer, CustomerFields
from ..domain.documents import Document
from ..domain.failure import Direction, Failure, Problem
from ..domain.import_plan import KnownCustomer, KnownCustomers, PlannedCustomer
from ..domain.mapping import Entity, FieldMapping

QUERIES = load_queries(__package__)

_FIELDS = tuple(CustomerFields.__dataclass_fields__)


class PostgresConnections:
    def __init__(self, work: UnitOfWork, connectors: Connectors) -> None:
        self._work = work
        self._connectors = connectors

    async def find(self, key: str) -> Connection | None:
        row = await self._work.connection.fetchrow(QUERIES.lock_connection, key)
        return self._connection(row) if row else None

    async def get(self, key: str, *, lock: bool = False) -> Connection:
        query = QUERIES.lock_connection if lock else QUERIES.find_connection
        row = await self._work.connection.fetchrow(query, key)
        if row is None:
            raise Absent("no_such_connection")
        return self._connection(row)

    async def by_id(self, connection_id: UUID) -> Connection:
        row = await self._work.connection.fetchrow(QUERIES.connection_by_id, connection_id)
        if row is None:
            raise Absent("no_such_connection")
        return self._connection(row)

    async def every(self) -> list[Connection]:
        return [self._connection(row) for row in await self._work.connection.fetch(QUERIES.every_connection)]

    async def save(self, connection: Connection) -> None:
        changes = {
            entity: {name: asdict(mapped) for name, mapped in fields.items()}
            for entity, fields in connection.changes.items()
        }
        await self._work.connection.execute(
            QUERIES.save_connection,
            connection.connection_id,
            connection.key,
            connection.connector,
            dict(connection.settings),
            changes,
            connection.mapping_version,
            connection.version,
        )
        await self._work.connection.execute(
            QUERIES.keep_mapping,
            connection.connection_id,
            connection.mapping_version,
            changes,
            self._work.now,
        )

    async def imported(self, connection_id: UUID, at: datetime) -> None:
        await self._work.connection.execute(QUERIES.note_import, connection_id, at)

    async def state(self, connection_id: UUID) -> ConnectionState:
        row = await self._work.connection.fetchrow(QUERIES.connection_state, connection_id)
        assert row is not None
        return ConnectionState(**dict(row))

    def _connection(self, row: asyncpg.Record) -> Connection:
        changes: dict[Entity, dict[str, FieldMapping]] = {
            entity: {name: FieldMapping(**mapped) for name, mapped in fields.items()}
            for entity, fields in row["changes"].items()
        }
        mapping = self._connectors.get(row["connector"]).mapping().with_changes(changes)
        return Connection(**{**dict(row), "changes": changes}, mapping=mapping)


class PostgresCustomers:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def known(
        self, connection_id: UUID, codes: Iterable[str], numbers: Iterable[str]
    ) -> KnownCustomers:
        connection = self._work.connection
        linked = await connection.fetch(QUERIES.customers_by_code, connection_id, list(codes))
        unlinked = await connection.fetch(QUERIES.customers_by_tax_number, connection_id, list(numbers))
        by_number: dict[str, list[KnownCustomer]] = defaultdict(list)
        for customer in map(_known, unlinked):
            for number in {customer.fields.vat_number, customer.fields.fiscal_code} - {None}:
                assert number is not None
                by_number[number].append(customer)
        return KnownCustomers(
            by_code={row["code"]: _known(row) for row in linked},
            # A number that several share names none of them.
            unlinked_by_tax_number={
                number: found[0] for number, found in by_number.items() if len(found) == 1
            },
        )

    async def save(self, connection_id: UUID, planned: Sequence[PlannedCustomer]) -> None:
        newest = {each.customer_id: each.fields for each in planned}
        columns = [[getattr(fields, name) for fields in newest.values()] for name in _FIELDS]
        connection = self._work.connection
        await connection.execute(QUERIES.save_customers, list(newest), *columns, self._work.now)
        codes = [fields.code for fields in newest.values()]
        await connection.execute(QUERIES.link_customers, connection_id, list(newest), codes)

    async def page(self, *, code: str | None, after: tuple[str, UUID] | None, limit: int) -> list[Customer]:
        name, customer_id = after or ("", UUID(int=0))
        rows = await self._work.connection.fetch(QUERIES.page_customers, name, customer_id, code, limit)
        return [_customer(row) for row in rows]

    async def get(self, customer_id: UUID) -> Customer:
        row = await self._work.connection.fetchrow(QUERIES.find_customer, customer_id)
        if row is None:
            raise Absent("no_such_customer")
        return _customer(row)


class PostgresDocuments:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, entity: Entity, internal_id: UUID) -> Document | None:
        row = await self._work.connection.fetchrow(QUERIES.lock_document, entity, internal_id)
        return Document(**{**dict(row), "lines": dict(row["lines"])}) if row else None

    async def save(self, document: Document) -> None:
        await self._work.connection.execute(
            QUERIES.save_document,
            document.entity,
            document.internal_id,
            document.number,
            document.correlation_id,
            dict(document.heading),
            [[key, dict(line)] for key, line in document.lines.items()],
            document.changed_at,
        )

    async def link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> Link | None:
        row = await self._work.connection.fetchrow(QUERIES.find_link, connection_id, entity, internal_id)
        return Link(row["external_id"], row["content_hash"]) if row else None

    async def await_export(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, since: datetime
    ) -> None:
        await self._work.connection.execute(QUERIES.await_export, connection_id, entity, internal_id, since)

    async def exported(
        self, connection_id: UUID, document: Document, external_id: str, content_hash: str, at: datetime
    ) -> timedelta:
        since: datetime | None = await self._work.connection.fetchval(
            QUERIES.note_export,
            connection_id,
            document.entity,
            document.internal_id,
            external_id,
            content_hash,
            at,
            document.changed_at,
        )
        return max(at - since, timedelta()) if since else timedelta()


class PostgresFailures:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def record(self, failure: Failure) -> Failure:
        failure_id = await self._work.connection.fetchval(
            QUERIES.record_failure,
            failure.failure_id,
            failure.connection_id,
            failure.entity,
            failure.direction,
            failure.record_key,
            dict(failure.payload),
            [
                {"code": each.code, "field": each.field, "facts": dict(each.facts)}
                for each in failure.problems
            ],
            failure.error_class,
            failure.attempts,
            failure.last_failed_at,
            failure.retry_at,
        )
        return replace(failure, failure_id=failure_id)

    async def resolve(
        self, connection_id: UUID, entity: Entity, direction: Direction, record_keys: Sequence[str]
    ) -> None:
        await self._work.connection.execute(
            QUERIES.resolve_failures, connection_id, entity, direction, list(record_keys)
        )

    async def attempts(
        self, connection_id: UUID, entity: Entity, direction: Direction, record_key: str
    ) -> int:
        found: int | None = await self._work.connection.fetchval(
            QUERIES.count_attempts, connection_id, entity, direction, record_key
        )
        return found or 0

    async def get(self, failure_id: UUID) -> Failure:
        row = await self._work.connection.fetchrow(QUERIES.lock_failure, failure_id)
        if row is None:
            raise Absent("no_such_failure")
        return _failure(row)

    async def restart(self, failure_id: UUID) -> None:
        await self._work.connection.execute(QUERIES.restart_failure, failure_id, self._work.now)

    async def page(self, *, connection: str | None, after: UUID | None, limit: int) -> list[Failure]:
        rows = await self._work.connection.fetch(
            QUERIES.page_failures, after or UUID(int=0), connection, limit
        )
        return [_failure(row) for row in rows]


def _fields(row: asyncpg.Record) -> CustomerFields:
    return CustomerFields(**{name: row[name] for name in _FIELDS})


def _known(row: asyncpg.Record) -> KnownCustomer:
    return KnownCustomer(row["customer_id"], _fields(row))


def _customer(row: asyncpg.Record) -> Customer:
    return Customer(row["customer_id"], _fields(row), row["updated_at"])


def _failure(row: asyncpg.Record) -> Failure:
    values = {name: row[name] for name in Failure.__dataclass_fields__}
    return Failure(**{**values, "problems": tuple(Problem(**each) for each in row["problems"])})
