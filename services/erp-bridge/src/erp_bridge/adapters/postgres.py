"""The bridge's state in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Absent
from optima_kit.sealing import Sealer
from optima_kit.sql import load_queries

from ..application.ports import (
    Checkpoint,
    ConnectionState,
    Connectors,
    Link,
    MappingVersion,
    NamedConflict,
    NamedDifference,
    Origin,
    Outage,
    RecordLink,
    StoredFailure,
    StoredSchema,
    Written,
)
from ..domain.conflict import Conflict, Edit
from ..domain.connection import Connection, Exchange
from ..domain.ddt_invoice import INVOICED, SentDdt
from ..domain.documents import Document, RemoteCustomer
from ..domain.entities import Entity
from ..domain.failure import Direction, Dismissal, Failure, FailureFilter, FailureGroup, Problem
from ..domain.import_plan import KnownRecord, KnownRecords, PlannedRecord
from ..domain.known_order import KnownOrder
from ..domain.mapping import FieldMapping, Fields
from ..domain.party import tax_numbers
from ..domain.received_order import ORDERED_IN, ORDERED_ON
from ..domain.reconciliation import Difference, DifferenceKind, Reconciliation, Total
from ..domain.record import Record
from ..domain.run import Counts, Run

QUERIES = load_queries(__package__)

_LAST_ID = UUID(int=2**128 - 1)
_LAST_VERSION = 2**31 - 1


class PostgresConnections:
    def __init__(self, work: UnitOfWork, connectors: Connectors, sealer: Sealer) -> None:
        self._work = work
        self._connectors = connectors
        self._sealer = sealer

    async def lock_connection(self, key: str) -> Connection | None:
        row = await self._work.fetchrow(QUERIES.lock_connection, key=key)
        return self._connection(row) if row else None

    async def get_connection(self, key: str) -> Connection:
        row = await self._work.fetchrow(QUERIES.find_connection, key=key)
        if row is None:
            raise Absent("connection_absent")
        return self._connection(row)

    async def get_connection_by_id(self, connection_id: UUID) -> Connection:
        row = await self._work.fetchrow(QUERIES.find_connection_by_id, connection_id=connection_id)
        if row is None:
            raise Absent("connection_absent")
        return self._connection(row)

    async def lock_settings(self) -> None:
        await self._work.execute(QUERIES.lock_settings)

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
            secrets=self._sealed(connection),
            exchanges={
                entity: {
                    "enabled": each.enabled,
                    "every_minutes": each.every_minutes,
                    "at": [hour.isoformat("minutes") for hour in each.at],
                }
                for entity, each in connection.exchanges.items()
            },
            comparisons={
                entity: each.compare_at.isoformat("minutes")
                for entity, each in connection.exchanges.items()
                if each.compare_at is not None
            },
            changes=changes,
            mapping_version=connection.mapping_version,
            version=connection.version,
            calls_per_minute=connection.calls_per_minute,
        )
        self._work.write(
            QUERIES.insert_mapping_version,
            connection_id=connection.connection_id,
            version=connection.mapping_version,
            changes=changes,
            since=self._work.now,
        )

    async def take_turn(self, connection_id: UUID, distance: timedelta) -> timedelta:
        wait = await self._work.fetchval(QUERIES.upsert_turn, connection_id=connection_id, distance=distance)
        return timedelta(seconds=wait)

    async def list_mapping_versions(
        self, connection_id: UUID, *, before: int | None, limit: int
    ) -> list[MappingVersion]:
        rows = await self._work.fetch(
            QUERIES.list_mapping_versions,
            connection_id=connection_id,
            before=_LAST_VERSION if before is None else before,
            limit=limit,
        )
        return [MappingVersion(row["version"], _changes(row["changes"]), row["since"]) for row in rows]

    async def update_last_import(self, connection_id: UUID, at: datetime) -> None:
        self._work.write(QUERIES.update_last_import, connection_id=connection_id, at=at)

    async def list_connection_states(
        self, *, key: str | None = None, after: str | None = None, limit: int = 1
    ) -> list[tuple[Connection, ConnectionState]]:
        rows = await self._work.fetch(QUERIES.list_connection_states, key=key, after=after or "", limit=limit)
        return [(self._connection(row), _state(row)) for row in rows]

    def _connection(self, row: asyncpg.Record) -> Connection:
        changes = _changes(row["changes"])
        exchanges: dict[Entity, Exchange] = {
            entity: Exchange(
                **{**each, "at": tuple(time.fromisoformat(hour) for hour in each["at"])},
                compare_at=time.fromisoformat(hour) if (hour := row["comparisons"].get(entity)) else None,
            )
            for entity, each in row["exchanges"].items()
        }
        mapping = self._connectors.get(row["connector"]).mapping().with_changes(changes)
        values = {name: row[name] for name in Connection.__dataclass_fields__ if name != "mapping"}
        known = {"changes": changes, "exchanges": exchanges, "secrets": self._opened(row)}
        return Connection(**{**values, **known}, mapping=mapping)

    def _sealed(self, connection: Connection) -> bytes | None:
        plain = json.dumps(dict(connection.secrets)).encode()
        return self._sealer.sealed(plain, str(connection.connection_id)) if connection.secrets else None

    def _opened(self, row: asyncpg.Record) -> dict[str, str]:
        if row["secrets"] is None:
            return {}
        opened: dict[str, str] = json.loads(self._sealer.opened(row["secrets"], str(row["connection_id"])))
        return opened


class PostgresCheckpoints:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_checkpoint(self, connection_id: UUID, entity: Entity) -> Checkpoint | None:
        found: Checkpoint | None = await self._work.fetchval(
            QUERIES.find_checkpoint, connection_id=connection_id, entity=entity
        )
        return found

    async def advance_checkpoint(
        self, connection_id: UUID, entity: Entity, before: Checkpoint | None, after: Checkpoint
    ) -> bool:
        now = self._work.now
        if before is None:
            added = await self._work.execute(
                QUERIES.insert_checkpoint,
                connection_id=connection_id,
                entity=entity,
                after=dict(after),
                now=now,
            )
            return added == 1
        advanced = await self._work.execute(
            QUERIES.update_checkpoint,
            connection_id=connection_id,
            entity=entity,
            before=dict(before),
            after=dict(after),
            now=now,
        )
        return advanced == 1

    async def reset_checkpoint(self, connection_id: UUID, entity: Entity) -> None:
        self._work.write(QUERIES.delete_checkpoint, connection_id=connection_id, entity=entity)


class PostgresSchemas:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_schema(self, connection_id: UUID, entity: Entity) -> StoredSchema | None:
        row = await self._work.fetchrow(QUERIES.find_schema, connection_id=connection_id, entity=entity)
        return StoredSchema(**dict(row)) if row else None

    async def save_schema(
        self, connection_id: UUID, entity: Entity, fields: Mapping[str, bool], at: datetime
    ) -> None:
        self._work.write(
            QUERIES.upsert_schema, connection_id=connection_id, entity=entity, fields=dict(fields), at=at
        )

    async def delete_schema(self, connection_id: UUID, entity: Entity) -> None:
        self._work.write(QUERIES.delete_schema, connection_id=connection_id, entity=entity)


class PostgresRuns:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def save_run(self, run: Run) -> None:
        self._work.write(
            QUERIES.upsert_run,
            run_id=run.run_id,
            connection_id=run.connection_id,
            entity=run.entity,
            kind=run.kind,
            state=run.state,
            counts=asdict(run.counts),
            problem=run.problem,
            started_at=run.started_at,
            finished_at=run.finished_at,
        )

    async def list_runs(self, *, connection: str | None, after: UUID | None, limit: int) -> list[Run]:
        rows = await self._work.fetch(
            QUERIES.list_runs, before=after or _LAST_ID, connection=connection, limit=limit
        )
        return [Run(**{**dict(row), "counts": Counts(**row["counts"])}) for row in rows]


class PostgresRecords:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_content_hashes(
        self, connection_id: UUID, entity: Entity, remote_ids: Iterable[str]
    ) -> dict[str, str | None]:
        rows = await self._work.fetch(
            QUERIES.list_content_hashes,
            connection_id=connection_id,
            entity=entity,
            remote_ids=list(remote_ids),
        )
        return {row["remote_id"]: row["content_hash"] for row in rows}

    async def find_known_records(
        self, connection_id: UUID, entity: Entity, remote_ids: Iterable[str], numbers: Iterable[str]
    ) -> KnownRecords:
        linked = await self._work.fetch(
            QUERIES.list_records_by_remote_id,
            connection_id=connection_id,
            entity=entity,
            remote_ids=list(remote_ids),
        )
        known = KnownRecords(by_remote_id={row["remote_id"]: _known(row) for row in linked})
        if wanted := list(numbers):
            found = await self._work.fetch(
                QUERIES.list_records_by_tax_number, connection_id=connection_id, entity=entity, numbers=wanted
            )
            records = [_known(row) for row in found]
            known.unlinked_by_tax_number = _by_number(each for each in records if each.remote_id is None)
            known.linked_by_tax_number = _by_number(each for each in records if each.remote_id is not None)
        return known

    async def find_taken_codes(self, entity: Entity, codes: Iterable[str]) -> set[str]:
        rows = await self._work.fetch(QUERIES.list_taken_codes, entity=entity, codes=list(codes))
        return {row["code"] for row in rows}

    async def save_records(
        self, connection_id: UUID, entity: Entity, planned: Sequence[PlannedRecord]
    ) -> dict[UUID, str]:
        newest = {each.record_id: each for each in planned}
        changed = {each.record_id: each for each in planned if each.action != "unchanged"}
        codes: dict[UUID, str] = {}
        if changed:
            first = {each.record_id: each.code for each in reversed(planned) if each.code}
            rows = await self._work.fetch(
                QUERIES.upsert_records,
                entity=entity,
                record_id=list(changed),
                code=[first.get(each.record_id) or each.remote_code for each in changed.values()],
                name=[each.fields.get("name") or "" for each in changed.values()],
                vat_number=[each.fields.get("vat_number") for each in changed.values()],
                fiscal_code=[each.fields.get("fiscal_code") for each in changed.values()],
                fields=[each.fields for each in changed.values()],
                updated_at=self._work.now,
            )
            codes = {row["record_id"]: row["code"] for row in rows}
        if newest:
            self._work.write(
                QUERIES.upsert_record_links,
                connection_id=connection_id,
                entity=entity,
                record_ids=list(newest),
                remote_ids=[each.remote_id for each in newest.values()],
                remote_codes=[each.remote_code for each in newest.values()],
                versions=[each.version for each in newest.values()],
                content_hashes=[each.content_hash for each in newest.values()],
                shared=[each.shared for each in newest.values()],
            )
        for each in planned:
            if each.agreed:
                self._work.write(
                    QUERIES.update_record_edits, record_id=each.record_id, fields=list(each.agreed)
                )
        return codes

    async def update_statistics(self) -> None:
        await self._work.execute(QUERIES.update_statistics)

    async def find_received_orders(
        self, connection_id: UUID, remote_ids: Collection[str], codes: Collection[str]
    ) -> list[KnownOrder]:
        rows = await self._work.fetch(
            QUERIES.list_received_orders,
            connection_id=connection_id,
            remote_ids=sorted(remote_ids),
            codes=sorted(codes),
        )
        return [KnownOrder(**dict(row)) for row in rows]

    async def list_received_orders(self, connection_id: UUID) -> list[KnownOrder]:
        rows = await self._work.fetch(QUERIES.list_all_received_orders, connection_id=connection_id)
        return [KnownOrder(**dict(row)) for row in rows]

    async def find_remote_customers(
        self, connection_id: UUID, remotes: Sequence[str]
    ) -> dict[str, tuple[UUID, str]]:
        rows = await self._work.fetch(
            QUERIES.list_remote_customers, connection_id=connection_id, remotes=sorted(set(remotes))
        )
        return {row["remote"]: (row["record_id"], row["code"]) for row in rows}

    async def find_customers_by_number(self, numbers: Sequence[str]) -> dict[str, tuple[UUID, str]]:
        rows = await self._work.fetch(QUERIES.list_customers_by_number, numbers=sorted(set(numbers)))
        return {row["number"]: (row["record_id"], row["code"]) for row in rows}

    async def save_customer_links(self, connection_id: UUID, customers: Mapping[str, UUID]) -> None:
        self._work.write(
            QUERIES.insert_customer_links,
            connection_id=connection_id,
            remote_ids=list(customers),
            record_ids=list(customers.values()),
        )

    async def save_received_orders(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        self._work.write(
            QUERIES.insert_received_orders,
            connection_id=connection_id,
            order_ids=[each.record_id for each in planned],
            remote_ids=[each.remote_id for each in planned],
            numbers=[each.remote_code for each in planned],
            days=[each.values[ORDERED_ON] for each in planned],
            years=[each.values[ORDERED_IN] or None for each in planned],
            versions=[each.version for each in planned],
            content_hashes=[each.content_hash for each in planned],
        )

    async def update_received_orders(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        self._work.write(
            QUERIES.update_received_orders,
            connection_id=connection_id,
            order_ids=[each.record_id for each in planned],
            remote_ids=[each.remote_id for each in planned],
            days=[each.values[ORDERED_ON] for each in planned],
            years=[each.values[ORDERED_IN] or None for each in planned],
        )

    async def detach_link(self, connection_id: UUID, entity: Entity, remote_id: str) -> None:
        self._work.write(
            QUERIES.update_link_to_detach, connection_id=connection_id, entity=entity, remote_id=remote_id
        )

    async def mark_deleted(self, connection_id: UUID, entity: Entity, remote_ids: Sequence[str]) -> int:
        rows = await self._work.fetch(
            QUERIES.update_links_to_deleted,
            connection_id=connection_id,
            entity=entity,
            remote_ids=list(remote_ids),
        )
        ids = [row["internal_id"] for row in rows]
        self._work.write(QUERIES.update_records_to_inactive, record_ids=ids, now=self._work.now)
        return len(ids)

    async def list_linked(self, connection_id: UUID, entity: Entity) -> dict[str, str | None]:
        rows = await self._work.fetch(QUERIES.list_linked, connection_id=connection_id, entity=entity)
        return {row["remote_id"]: row["content_hash"] for row in rows}

    async def list_records(
        self, entity: Entity, *, code: str | None, after: tuple[str, UUID] | None, limit: int
    ) -> list[Record]:
        name, record_id = after or ("", UUID(int=0))
        rows = await self._work.fetch(
            QUERIES.list_records, entity=entity, after_name=name, after_id=record_id, code=code, limit=limit
        )
        return [_record(row) for row in rows]

    async def get_record(self, entity: Entity, record_id: UUID) -> Record:
        row = await self._work.fetchrow(QUERIES.find_record, entity=entity, record_id=record_id)
        if row is None:
            raise Absent(f"{entity}_absent")
        return _record(row)

    async def lock_record(self, entity: Entity, record_id: UUID) -> Record:
        row = await self._work.fetchrow(QUERIES.lock_record, entity=entity, record_id=record_id)
        if row is None:
            raise Absent(f"{entity}_absent")
        return _record(row)

    async def save_edited(self, record: Record, fields: Fields, edits: Mapping[str, Edit]) -> Record:
        self._work.write(
            QUERIES.update_edited_record,
            record_id=record.record_id,
            name=fields["name"] or "",
            vat_number=fields.get("vat_number"),
            fiscal_code=fields.get("fiscal_code"),
            fields=fields,
            edits={name: {"by": _person(each.by), "at": each.at.isoformat()} for name, each in edits.items()},
            updated_at=self._work.now,
        )
        return replace(
            record, fields=fields, edits=edits, version=record.version + 1, updated_at=self._work.now
        )

    async def find_customer(self, code: str) -> UUID | None:
        found: UUID | None = await self._work.fetchval(QUERIES.find_customer_by_code, code=code)
        return found

    async def list_connections_of(self, customer_id: UUID) -> dict[UUID, RemoteCustomer]:
        rows = await self._work.fetch(QUERIES.list_connections_of_customer, customer_id=customer_id)
        return {row["connection_id"]: RemoteCustomer(row["remote_id"], row["code"]) for row in rows}

    async def list_links(self, record_id: UUID) -> list[RecordLink]:
        rows = await self._work.fetch(QUERIES.list_links_of_record, record_id=record_id)
        return [RecordLink(**dict(row)) for row in rows]


class PostgresConflicts:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def save_conflict(self, conflict: Conflict) -> UUID:
        if conflict.resolved_by is not None:
            self._work.write(
                QUERIES.update_conflict_to_resolved,
                conflict_id=conflict.conflict_id,
                choice=conflict.choice,
                resolved_by=_person(conflict.resolved_by),
                resolved_at=conflict.resolved_at,
            )
            return conflict.conflict_id
        stored: UUID = await self._work.fetchval(
            QUERIES.insert_conflict,
            conflict_id=conflict.conflict_id,
            connection_id=conflict.connection_id,
            entity=conflict.entity,
            record_id=conflict.record_id,
            field=conflict.field,
            ours=conflict.ours,
            ours_by=_person(conflict.edit.by),
            ours_at=conflict.edit.at,
            theirs=conflict.theirs,
            found_at=conflict.found_at,
        )
        return stored

    async def lock_conflict(self, conflict_id: UUID) -> Conflict:
        row = await self._work.fetchrow(QUERIES.lock_conflict, conflict_id=conflict_id)
        if row is None:
            raise Absent("conflict_absent")
        return _conflict(row)

    async def list_conflicts(
        self, *, connection: str | None, resolved: bool, after: UUID | None, limit: int
    ) -> list[NamedConflict]:
        rows = await self._work.fetch(
            QUERIES.list_conflicts,
            after=after or UUID(int=0),
            connection=connection,
            resolved=resolved,
            limit=limit,
        )
        return [_named_conflict(row) for row in rows]

    async def get_conflict(self, conflict_id: UUID) -> NamedConflict:
        row = await self._work.fetchrow(QUERIES.find_conflict, conflict_id=conflict_id)
        if row is None:
            raise Absent("conflict_absent")
        return _named_conflict(row)


class PostgresDocuments:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_document(self, entity: Entity, internal_id: UUID) -> Document | None:
        row = await self._work.fetchrow(QUERIES.lock_document, entity=entity, internal_id=internal_id)
        return _document(row) if row else None

    async def find_document(self, entity: Entity, internal_id: UUID) -> Document | None:
        row = await self._work.fetchrow(QUERIES.find_document, entity=entity, internal_id=internal_id)
        return _document(row) if row else None

    async def list_exported(self, connection_id: UUID, entity: Entity) -> dict[str, Document]:
        rows = await self._work.fetch(QUERIES.list_exported, connection_id=connection_id, entity=entity)
        found = [dict(row) for row in rows]
        return {row.pop("external_id"): _document(row) for row in found}

    async def list_received(self, connection_id: UUID) -> dict[str, Document]:
        rows = await self._work.fetch(QUERIES.list_received, connection_id=connection_id)
        found = [dict(row) for row in rows]
        return {row.pop("external_id"): _document(row) for row in found}

    async def list_documents_since(self, entity: Entity, since: datetime) -> list[Document]:
        rows = await self._work.fetch(QUERIES.list_documents_since, entity=entity, since=since)
        return [_document(row) for row in rows]

    async def list_ddts_of_order(self, order_id: UUID) -> list[Document]:
        rows = await self._work.fetch(QUERIES.list_ddts_of_order, order_reference=str(order_id))
        return [_document(row) for row in rows]

    async def list_sent_ddts(
        self, connection_id: UUID, numbers: Collection[str], shipment_ids: Collection[UUID]
    ) -> list[SentDdt]:
        rows = await self._work.fetch(
            QUERIES.list_sent_ddts,
            connection_id=connection_id,
            numbers=sorted(numbers),
            shipment_ids=sorted(shipment_ids),
        )
        return [_sent_ddt(row) for row in rows]

    async def list_invoiced_ddts(self, connection_id: UUID, remote_ids: Sequence[str]) -> list[SentDdt]:
        rows = await self._work.fetch(
            QUERIES.list_invoiced_ddts, connection_id=connection_id, remote_ids=list(remote_ids)
        )
        return [_sent_ddt(row) for row in rows]

    async def save_ddt_invoices(self, connection_id: UUID, planned: Sequence[PlannedRecord]) -> None:
        self._work.write(
            QUERIES.upsert_record_links,
            connection_id=connection_id,
            entity=INVOICED,
            record_ids=[each.record_id for each in planned],
            remote_ids=[each.remote_id for each in planned],
            remote_codes=[each.remote_code for each in planned],
            versions=[each.version for each in planned],
            content_hashes=[each.content_hash for each in planned],
            shared=[{} for _ in planned],
        )

    async def find_origin(self, order_id: UUID) -> Origin | None:
        row = await self._work.fetchrow(QUERIES.find_origin, order_id=order_id)
        if row is None:
            return None
        known = dict(row)
        return Origin(known.pop("connection_id"), KnownOrder(**known))

    async def find_known_orders(self, order_ids: Collection[UUID]) -> dict[UUID, bool]:
        rows = await self._work.fetch(QUERIES.list_known_orders, order_ids=sorted(order_ids))
        return {row["order_id"]: row["cancelled"] for row in rows}

    async def list_awaited_exports(self, connection_id: UUID) -> list[tuple[Entity, UUID]]:
        rows = await self._work.fetch(QUERIES.list_awaited_exports, connection_id=connection_id)
        return [(row["entity"], row["internal_id"]) for row in rows]

    async def withdraw_awaited_export(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> None:
        self._work.write(
            QUERIES.update_awaited_export_to_withdrawn,
            connection_id=connection_id,
            entity=entity,
            internal_id=internal_id,
        )

    async def update_link_version(
        self, connection_id: UUID, entity: Entity, internal_id: UUID, version: str | None
    ) -> None:
        self._work.write(
            QUERIES.update_link_version,
            connection_id=connection_id,
            entity=entity,
            internal_id=internal_id,
            version=version,
        )

    async def clear_link(self, connection_id: UUID, entity: Entity, internal_id: UUID) -> None:
        self._work.write(
            QUERIES.update_link_to_clear, connection_id=connection_id, entity=entity, internal_id=internal_id
        )

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
        return Link(**dict(row)) if row else None

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
        self, connection_id: UUID, document: Document, written: Written, content_hash: str, at: datetime
    ) -> timedelta:
        since: datetime | None = await self._work.fetchval(
            QUERIES.update_exported_link,
            connection_id=connection_id,
            entity=document.entity,
            internal_id=document.internal_id,
            remote_id=written.remote_id,
            number=written.number,
            version=written.version,
            content_hash=content_hash,
            exported_at=at,
            state_of=document.changed_at,
        )
        return max(at - since, timedelta()) if since else timedelta()


class PostgresFailures:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def upsert_failure(self, failure: Failure) -> StoredFailure:
        problems = [
            {"code": each.code, "field": each.field, "facts": dict(each.facts)} for each in failure.problems
        ]
        row = await self._work.fetchrow(
            QUERIES.upsert_failure,
            failure_id=failure.failure_id,
            connection_id=failure.connection_id,
            entity=failure.entity,
            direction=failure.direction,
            record_key=failure.record_key,
            payload=dict(failure.payload),
            problems=problems,
            error_class=failure.error_class,
            failed_at=failure.last_failed_at,
            retry_at=failure.retry_at,
        )
        assert row is not None, "an upsert returns its row"
        return StoredFailure(row["failure_id"], row["dismissed"])

    async def delete_failures(
        self,
        connection_id: UUID,
        entity: Entity,
        direction: Direction,
        record_keys: Sequence[str],
        *,
        notices_too: bool = True,
    ) -> None:
        self._work.write(
            QUERIES.delete_failures,
            connection_id=connection_id,
            entity=entity,
            direction=direction,
            record_keys=list(record_keys),
            notices_too=notices_too,
        )

    async def is_paused(self, connection_id: UUID, entity: Entity) -> bool:
        found = await self._work.fetchval(QUERIES.find_pause, connection_id=connection_id, entity=entity)
        return found is not None

    async def find_outage(self, connection_id: UUID) -> Failure | None:
        row = await self._work.fetchrow(QUERIES.find_outage, connection_id=connection_id)
        return _failure(row) if row else None

    async def end_outage(self, connection_id: UUID) -> None:
        self._work.write(QUERIES.delete_outage, connection_id=connection_id)

    async def list_waiting(self, connection_id: UUID) -> list[tuple[Entity, UUID]]:
        rows = await self._work.fetch(QUERIES.list_waiting, connection_id=connection_id)
        return [(row["entity"], row["internal_id"]) for row in rows]

    async def lock_failure(self, failure_id: UUID) -> Failure:
        row = await self._work.fetchrow(QUERIES.lock_failure, failure_id=failure_id)
        if row is None:
            raise Absent("failure_absent")
        return _failure(row)

    async def get_failure(self, failure_id: UUID) -> Failure:
        row = await self._work.fetchrow(QUERIES.find_failure, failure_id=failure_id)
        if row is None:
            raise Absent("failure_absent")
        return _failure(row)

    async def list_received_failures(
        self, connection_id: UUID, record_keys: Collection[str]
    ) -> list[Failure]:
        rows = await self._work.fetch(
            QUERIES.list_received_failures, connection_id=connection_id, record_keys=sorted(record_keys)
        )
        return [_failure(row) for row in rows]

    async def restart_failure(self, failure_id: UUID) -> None:
        self._work.write(QUERIES.update_failure_to_restart, failure_id=failure_id, retry_at=self._work.now)

    async def list_failures(self, wanted: FailureFilter, *, after: UUID | None, limit: int) -> list[Failure]:
        rows = await self._work.fetch(
            QUERIES.list_failures, after=after or UUID(int=0), limit=limit, **asdict(wanted)
        )
        return [_failure(row) for row in rows]

    async def lock_failures(self, wanted: FailureFilter, *, after: UUID | None, limit: int) -> list[Failure]:
        rows = await self._work.fetch(
            QUERIES.lock_failures, after=after or UUID(int=0), limit=limit, **asdict(wanted)
        )
        return [_failure(row) for row in rows]

    async def list_failure_groups(
        self,
        wanted: FailureFilter,
        *,
        after: tuple[str, str, str, str, str, int] | None = None,
        limit: int | None = None,
    ) -> list[FailureGroup]:
        connection, entity, direction, error_class, code, kept = after or ("", "", "", "", "", 0)
        rows = await self._work.fetch(
            QUERIES.list_failure_groups,
            after_connection=connection,
            after_entity=entity,
            after_direction=direction,
            after_class=error_class,
            after_code=code,
            after_kept=kept,
            limit=limit,
            **asdict(wanted),
        )
        return [FailureGroup(**{**dict(row), "problem": Problem(**row["problem"])}) for row in rows]

    async def dismiss_failures(
        self, wanted: FailureFilter, dismissal: Dismissal, *, failure_id: UUID | None = None
    ) -> int:
        dismissed: int = await self._work.fetchval(
            QUERIES.update_failures_to_dismissed,
            failure_id=failure_id,
            dismissed_at=dismissal.at,
            dismissal={"by": str(dismissal.by), "reason": dismissal.reason},
            **asdict(wanted),
        )
        return dismissed


class PostgresReconciliations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def save_reconciliation(
        self, found: Reconciliation, differences: Sequence[Difference], *, keep: int
    ) -> None:
        told = {name: value for name, value in asdict(found).items() if name != "connection_key"}
        told["totals"] = [
            {name: str(value) if isinstance(value, Decimal) else value for name, value in each.items()}
            for each in told["totals"]
        ]
        self._work.write(QUERIES.insert_reconciliation, **told)
        self._work.write(
            QUERIES.insert_differences,
            reconciliation_id=found.reconciliation_id,
            kinds=[each.kind for each in differences],
            remote_ids=[each.remote_id for each in differences],
            codes=[each.code for each in differences],
            names=[each.name for each in differences],
        )
        self._work.write(
            QUERIES.delete_old_reconciliations,
            connection_id=found.connection_id,
            entity=found.entity,
            keep=keep,
        )

    async def list_reconciliations(
        self, *, connection: str | None, after: UUID | None, limit: int
    ) -> list[Reconciliation]:
        rows = await self._work.fetch(
            QUERIES.list_reconciliations, before=after or _LAST_ID, connection=connection, limit=limit
        )
        return [_reconciliation(row) for row in rows]

    async def get_reconciliation(self, reconciliation_id: UUID) -> Reconciliation:
        row = await self._work.fetchrow(QUERIES.find_reconciliation, reconciliation_id=reconciliation_id)
        if row is None:
            raise Absent("reconciliation_absent")
        return _reconciliation(row)

    async def list_differences(
        self,
        reconciliation_id: UUID,
        *,
        kind: DifferenceKind | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> list[NamedDifference]:
        after_kind, after_remote_id = after or ("", "")
        rows = await self._work.fetch(
            QUERIES.list_differences,
            reconciliation_id=reconciliation_id,
            kind=kind,
            after_kind=after_kind,
            after_remote_id=after_remote_id,
            limit=limit,
        )
        return [
            NamedDifference(
                Difference(row["kind"], row["remote_id"], row["code"], row["name"]),
                row["record_id"],
                row["record_code"],
                row["own_name"],
            )
            for row in rows
        ]


def _reconciliation(row: Any) -> Reconciliation:
    def total(told: dict[str, Any]) -> Total:
        sums = {name: Decimal(told[name]) for name in _SUMS if told[name] is not None}
        return Total(told["period"], told["there"], told["linked"], **sums)

    return Reconciliation(**{**dict(row), "totals": tuple(total(each) for each in row["totals"])})


_SUMS = ("there_quantity", "linked_quantity", "there_amount", "linked_amount")


def _changes(stored: Mapping[Entity, Any]) -> dict[Entity, dict[str, FieldMapping]]:
    return {
        entity: {name: FieldMapping(**mapped) for name, mapped in fields.items()}
        for entity, fields in stored.items()
    }


def _known(row: asyncpg.Record) -> KnownRecord:
    values: dict[str, Any] = dict(row)
    return KnownRecord(**{**values, "linked": bool(values["linked"]), "edits": _edits(values["edits"])})


def _record(row: asyncpg.Record) -> Record:
    return Record(**{**dict(row), "edits": _edits(row["edits"])})


def _edits(stored: Mapping[str, Any]) -> dict[str, Edit]:
    return {
        name: Edit(UUID(each["by"]["id"]), datetime.fromisoformat(each["at"]))
        for name, each in stored.items()
    }


def _person(person_id: UUID) -> dict[str, str]:
    """Return a person with an empty name, because the previous release reads a name."""
    return {"id": str(person_id), "name": ""}


def _conflict(row: asyncpg.Record) -> Conflict:
    by = row["resolved_by"]
    return Conflict(
        **{name: row[name] for name in Conflict.__dataclass_fields__ if name not in ("edit", "resolved_by")},
        edit=Edit(UUID(row["ours_by"]["id"]), row["ours_at"]),
        resolved_by=UUID(by["id"]) if by else None,
    )


def _named_conflict(row: asyncpg.Record) -> NamedConflict:
    return NamedConflict(_conflict(row), row["record_code"], row["record_name"])


def _state(row: asyncpg.Record) -> ConnectionState:
    outage = row["outage_since"] and Outage(
        row["outage_since"],
        row["outage_attempts"],
        row["outage_retry_at"],
        Problem(**row["outage_problems"][0]),
    )
    names = ("links", "waiting", "oldest_waiting_since", "last_export_at", "failures", "paused")
    return ConnectionState(**{name: row[name] for name in names}, outage=outage)


def _by_number(records: Iterable[KnownRecord]) -> dict[str, KnownRecord]:
    """Return records by tax number. A number that several records share is left out."""
    found: dict[str, list[KnownRecord]] = {}
    for record in records:
        for number in tax_numbers(record.fields):
            found.setdefault(number, []).append(record)
    return {number: shared[0] for number, shared in found.items() if len(shared) == 1}


def _document(row: asyncpg.Record | dict[str, Any]) -> Document:
    return Document(**{**row, "lines": dict(row["lines"])})


def _sent_ddt(row: asyncpg.Record) -> SentDdt:
    return SentDdt(**dict(row))


def _failure(row: asyncpg.Record) -> Failure:
    values = {name: row[name] for name in Failure.__dataclass_fields__}
    dismissal = None
    if row["dismissed_at"] is not None:
        told = row["dismissal"]
        dismissal = Dismissal(UUID(told["by"]), row["dismissed_at"], told["reason"])
    problems = tuple(Problem(**each) for each in row["problems"])
    return Failure(**{**values, "problems": problems, "dismissal": dismissal})
