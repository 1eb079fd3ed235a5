"""What becomes of approvals under another version of their process, in PostgreSQL: migrations of running
approvals, and replays of past ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    Migration,
    MigrationItem,
    Replay,
)
from ..domain.process import Definition
from ..domain.subjects import SubjectType
from .rows import OLDEST, document_of

QUERIES = load_queries(__package__ or "approval.adapters")


class PostgresMigrations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, migration: Migration) -> None:
        self._work.write(
            QUERIES.insert_move,
            move_id=migration.id,
            process_key=migration.process_key,
            to_version=migration.to_version,
            created_at=migration.created_at,
            created_by=migration.created_by,
        )

    async def find(self, migration_id: UUID) -> Migration | None:
        row = await self._work.fetchrow(QUERIES.find_move, move_id=migration_id)
        return _migration(row) if row else None

    async def lock(self, migration_id: UUID) -> Migration | None:
        row = await self._work.fetchrow(QUERIES.lock_move, move_id=migration_id)
        return _migration(row) if row else None

    async def save(self, migration: Migration, now: datetime) -> None:
        self._work.write(
            QUERIES.update_move,
            move_id=migration.id,
            state=migration.state,
            carried_out_by=migration.carried_out_by,
            now=now,
        )

    async def page(self, key: str, before: UUID | None, limit: int) -> list[Migration]:
        rows = await self._work.fetch(QUERIES.list_moves, process_key=key, before=before, limit=limit)
        return [_migration(row) for row in rows]

    async def counts(self, migration_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
        counts: dict[UUID, dict[str, int]] = {}
        for row in await self._work.fetch(QUERIES.count_moved, move_ids=migration_ids):
            counts.setdefault(row["move_id"], {})[row["verdict"]] = row["count"]
        return counts

    async def note(self, migration_id: UUID, items: list[MigrationItem]) -> None:
        if items:
            self._work.write(
                QUERIES.put_moved,
                move_id=migration_id,
                approval_ids=[item.approval_id for item in items],
                from_versions=[item.from_version for item in items],
                verdicts=[item.verdict for item in items],
                reasons=[item.reason for item in items],
                parts=[item.part for item in items],
            )

    async def items(
        self, migration_id: UUID, after: UUID | None, verdict: str | None, limit: int
    ) -> list[MigrationItem]:
        rows = await self._work.fetch(
            QUERIES.list_moved, move_id=migration_id, after=after or OLDEST, verdict=verdict, limit=limit
        )
        return [
            MigrationItem(row["approval_id"], row["from_version"], row["verdict"], row["reason"], row["part"])
            for row in rows
        ]


class PostgresReplays:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, replay: Replay) -> None:
        self._work.write(
            QUERIES.insert_replay,
            replay_id=replay.id,
            process_key=replay.process_key,
            document=document_of(replay.definition),
            subject=replay.subject.model_dump(mode="json"),
            wanted=replay.wanted,
            created_at=replay.created_at,
            created_by=replay.created_by,
        )

    async def find(self, replay_id: UUID) -> Replay | None:
        row = await self._work.fetchrow(QUERIES.find_replay, replay_id=replay_id)
        if row is None:
            return None
        return Replay(
            id=row["replay_id"],
            process_key=row["process_key"],
            definition=Definition.model_validate(row["document"]),
            subject=SubjectType.model_validate(row["subject"]),
            wanted=row["wanted"],
            done=row["done"],
            report=row["report"],
            created_at=row["created_at"],
            created_by=row["created_by"],
            ended_at=row["ended_at"],
        )

    async def save(
        self, replay_id: UUID, done: int, report: dict[str, Any], ended_at: datetime | None
    ) -> None:
        self._work.write(
            QUERIES.update_replay, replay_id=replay_id, done=done, report=report, ended_at=ended_at
        )


def _migration(row: asyncpg.Record) -> Migration:
    return Migration(
        id=row["move_id"],
        process_key=row["process_key"],
        to_version=row["to_version"],
        state=row["state"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        version=row["version"],
        carried_out_by=row["carried_out_by"],
    )
