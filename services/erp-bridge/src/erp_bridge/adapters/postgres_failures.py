"""Runs and failures in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Absent
from optima_kit.sql import load_queries

from ..application.ports import StoredFailure
from ..domain.entities import Entity
from ..domain.failure import Direction, Dismissal, Failure, FailureFilter, FailureGroup, Problem
from ..domain.run import Counts, Run

QUERIES = load_queries(__package__)
_LAST_ID = UUID(int=2**128 - 1)


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

    async def list_waiting_ddts(self, connection_id: UUID, order_id: UUID) -> list[UUID]:
        rows = await self._work.fetch(
            QUERIES.list_waiting_ddts, connection_id=connection_id, order_reference=str(order_id)
        )
        return [row["internal_id"] for row in rows]

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


def _failure(row: asyncpg.Record) -> Failure:
    values = {name: row[name] for name in Failure.__dataclass_fields__}
    dismissal = None
    if row["dismissed_at"] is not None:
        told = row["dismissal"]
        dismissal = Dismissal(UUID(told["by"]), row["dismissed_at"], told["reason"])
    problems = tuple(Problem(**each) for each in row["problems"])
    return Failure(**{**values, "problems": problems, "dismissal": dismissal})
