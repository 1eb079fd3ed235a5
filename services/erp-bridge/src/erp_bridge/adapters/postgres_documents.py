"""Documents sent to ERPs and reconciliations, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Absent
from optima_kit.sql import load_queries

from ..application.ports import (
    Link,
    NamedDifference,
    Origin,
    WriteResult,
)
from ..domain.ddt_invoice import INVOICED, SentDdt
from ..domain.documents import Document
from ..domain.entities import Entity
from ..domain.import_plan import PlannedRecord
from ..domain.known_order import KnownOrder
from ..domain.reconciliation import Difference, DifferenceKind, Reconciliation, Total

QUERIES = load_queries(__package__)
_LAST_ID = UUID(int=2**128 - 1)


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
        self, connection_id: UUID, document: Document, written: WriteResult, content_hash: str, at: datetime
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


def _document(row: asyncpg.Record | dict[str, Any]) -> Document:
    return Document(**{**row, "lines": dict(row["lines"])})


def _sent_ddt(row: asyncpg.Record) -> SentDdt:
    return SentDdt(**dict(row))
