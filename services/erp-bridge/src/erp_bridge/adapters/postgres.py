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

    async def lock_connection(self, key: str) -> Connection | None:
        row = await self._work.fetchrow(QUERIES.lock_connection, key=key)
        return self._connection(row) if row else None

    async def get_connection(self, key: str, *, lock: bool = False) -> Connection:
        statement = QUERIES.lock_connection if lock else QUERIES.find_connection
        row = await self._work.fetchrow(statement, key=key)
        if row is None:
            raise Absent("no_such_connection")
        return self._connection(row)

    async def get_connection_by_id(self, connection_id: UUID) -> Connection:
        row = await self._work.fetchrow(QUERIES.find_connection_by_id, connection_id=connection_id)
        if row is None:
            raise Absent("no_such_connection")
        return self._connection(row)

    async def list_connections(self) -> list[Connection]:
        return [self._connection(row) for row in await self._work.fetch(QUERIES.list_connections)]

    async def upsert_connection(self, connection: Connection) -> None:
        changes = {
            entity: {name: asdict(mapped) for name, mapped in fields.items()}
            for entity, fields in connection.changes.items()
        }
        self._work.write(
            QUERIES.upsert_connection,
            connection_id=connection.connection_id,
            key=connection.key,
            connector=connection.connector,
            settings=dict(connection.settings),
            changes=changes,
            mapping_version=connection.mapping_version,
            version=connection.version,
        )
        self._work.write(
            QUERIES.insert_mapping_version,
            connection_id=connection.connection_id,
            version=connection.mapping_version,
            changes=changes,
            since=self._work.now,
        )

    async def update_last_import(self, connection_id: UUID, at: datetime) -> None:
        self._work.write(QUERIES.update_last_import, connection_id=connection_id, at=at)

    async def get_connection_state(self, connection_id: UUID) -> ConnectionState:
        row = await self._work.fetchrow(QUERIES.find_connection_state, connection_id=connection_id)
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

    async def find_known_customers(
        self, connection_id: UUID, codes: Iterable[str], numbers: Iterable[str]
    ) -> KnownCustomers:
        linked = await self._work.fetch(
            QUERIES.list_customers_by_code, connection_id=connection_id, codes=list(codes)
        )
        unlinked = await self._work.fetch(
            QUERIES.list_customers_by_tax_number, connection_id=connection_id, numbers=list(numbers)
        )
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

    async def upsert_customers(self, connection_id: UUID, planned: Sequence[PlannedCustomer]) -> None:
        newest = {each.customer_id: each.fields for each in planned}
        columns = {name: [getattr(fields, name) for fields in newest.values()] for name in _FIELDS}
        self._work.write(
            QUERIES.upsert_customers, customer_id=list(newest), **columns, updated_at=self._work.now
        )
        self._work.write(
            QUERIES.upsert_customer_links,
            connection_id=connection_id,
            customer_ids=list(newest),
            codes=columns["code"],
        )

    async def list_customers(
        self, *, code: str | None, after: tuple[str, UUID] | None, limit: int
    ) -> list[Customer]:
        name, customer_id = after or ("", UUID(int=0))
        rows = await self._work.fetch(
            QUERIES.list_customers, after_name=name, after_id=customer_id, code=code, limit=limit
        )
        return [_customer(row) for row in rows]

    async def get_customer(self, customer_id: UUID) -> Customer:
        row = await self._work.fetchrow(QUERIES.find_customer, customer_id=customer_id)
        if row is None:
            raise Absent("no_such_customer")
        return _customer(row)


class PostgresDocuments:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_document(self, entity: Entity, internal_id: UUID) -> Document | None:
        row = await self._work.fetchrow(QUERIES.lock_document, entity=entity, internal_id=internal_id)
        return Document(**{**dict(row), "lines": dict(row["lines"])}) if row else None

    async def upsert_document(self, document: Document) -> None:
        self._work.write(
            QUERIES.upsert_document,
            entity=document.entity,
            internal_id=document.internal_id,
            number=document.number,
            correlation_id=document.correlation_id,
            heading=dict(document.heading),
            lines=[[key, dict(line)] for key, line in document.lines.items()],
            changed_at=document.changed_at,
        )

    async def find_link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> Link | None:
        row = await self._work.fetchrow(
            QUERIES.find_link, connection_id=connection_id, entity=entity, internal_id=internal_id
        )
        return Link(row["external_id"], row["content_hash"]) if row else None

    async def upsert_awaited_export(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, since: datetime
    ) -> None:
        self._work.write(
            QUERIES.upsert_awaited_export,
            connection_id=connection_id,
            entity=entity,
            internal_id=internal_id,
            since=since,
        )

    async def update_exported_link(
        self, connection_id: UUID, document: Document, external_id: str, content_hash: str, at: datetime
    ) -> timedelta:
        since: datetime | None = await self._work.fetchval(
            QUERIES.update_exported_link,
            connection_id=connection_id,
            entity=document.entity,
            internal_id=document.internal_id,
            external_id=external_id,
            content_hash=content_hash,
            exported_at=at,
            state_of=document.changed_at,
        )
        return max(at - since, timedelta()) if since else timedelta()


class PostgresFailures:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def upsert_failure(self, failure: Failure) -> Failure:
        problems = [
            {"code": each.code, "field": each.field, "facts": dict(each.facts)} for each in failure.problems
        ]
        failure_id = await self._work.fetchval(
            QUERIES.upsert_failure,
            failure_id=failure.failure_id,
            connection_id=failure.connection_id,
            entity=failure.entity,
            direction=failure.direction,
            record_key=failure.record_key,
            payload=dict(failure.payload),
            problems=problems,
            error_class=failure.error_class,
            attempts=failure.attempts,
            failed_at=failure.last_failed_at,
            retry_at=failure.retry_at,
        )
        return replace(failure, failure_id=failure_id)

    async def delete_failures(
        self, connection_id: UUID, entity: Entity, direction: Direction, record_keys: Sequence[str]
    ) -> None:
        self._work.write(
            QUERIES.delete_failures,
            connection_id=connection_id,
            entity=entity,
            direction=direction,
            record_keys=list(record_keys),
        )

    async def count_attempts(
        self, connection_id: UUID, entity: Entity, direction: Direction, record_key: str
    ) -> int:
        found: int | None = await self._work.fetchval(
            QUERIES.count_attempts,
            connection_id=connection_id,
            entity=entity,
            direction=direction,
            record_key=record_key,
        )
        return found or 0

    async def lock_failure(self, failure_id: UUID) -> Failure:
        row = await self._work.fetchrow(QUERIES.lock_failure, failure_id=failure_id)
        if row is None:
            raise Absent("no_such_failure")
        return _failure(row)

    async def restart_failure(self, failure_id: UUID) -> None:
        self._work.write(QUERIES.update_failure_to_restart, failure_id=failure_id, retry_at=self._work.now)

    async def list_failures(self, *, connection: str | None, after: UUID | None, limit: int) -> list[Failure]:
        rows = await self._work.fetch(
            QUERIES.list_failures, after=after or UUID(int=0), connection=connection, limit=limit
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
