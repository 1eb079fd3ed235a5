"""Records of ERPs, the links to them and conflicts, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Absent
from optima_kit.sql import load_queries

from ..application.ports import (
    NamedConflict,
    RecordLink,
)
from ..domain.conflict import Conflict, Edit
from ..domain.documents import RemoteCustomer
from ..domain.entities import Entity
from ..domain.import_plan import KnownRecord, KnownRecords, PlannedRecord
from ..domain.known_order import KnownOrder
from ..domain.mapping import Fields
from ..domain.party import tax_numbers
from ..domain.received_order import ORDERED_IN, ORDERED_ON
from ..domain.record import Record

QUERIES = load_queries(__package__)


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


def _by_number(records: Iterable[KnownRecord]) -> dict[str, KnownRecord]:
    """Return records by tax number. A number that several records share is left out."""
    found: dict[str, list[KnownRecord]] = {}
    for record in records:
        for number in tax_numbers(record.fields):
            found.setdefault(number, []).append(record)
    return {number: shared[0] for number, shared in found.items() if len(shared) == 1}
