"""Measures the board of phases, the tasks of a person and people's load, with few and with many phases.

    python benchmarks/board.py                       10,000 and 1,000,000 phases
    python benchmarks/board.py --many 50000          a look in a minute

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. Two
thousand phases are open, whatever is stored; the others are done. Both databases are measured in turn,
sample by sample: what else the machine does meets both. What is measured is the statement with its
transaction, without HTTP.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import asyncpg
from measure.growth import filled, growth_of, report
from measure.stack import Figure

from optima_kit.db import Database
from optima_kit.testing import ServiceDatabase
from production.application.ports import BoardFilter, Ports
from production.bootstrap import ports
from production.domain.machine import PhaseState

TENANT = UUID("019ab400-0004-7001-8a5d-3c1e0f000001")
TODAY = date(2026, 11, 30)
OPEN = 2_000
"""Phases that are not over."""
STATES = (PhaseState.READY, PhaseState.ASSIGNED, PhaseState.IN_PROGRESS)
MADE = """
CREATE FUNCTION made(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5(kind || n)::uuid
"""
ORDERS = """
    INSERT INTO orders (id, tenant_id, number, title, deadline, state, confirmed_at, version)
    SELECT made('order', n), $1, 'O-' || n, 'Lancio', $3::date + (n % 60)::int,
        CASE WHEN n <= $4::bigint THEN 'in_production' ELSE 'delivered' END, now(), 1
    FROM generate_series(1, $2::bigint) AS n
"""
JOBS = """
    INSERT INTO order_jobs (id, tenant_id, order_id, position, kind, description, quantity, unit, deliveries,
        tolerance_percent, state, version)
    SELECT made('job', n), $1, made('order', n), 1, 'espositore', 'Espositore', 100, 'pz', '[]', 10,
        CASE WHEN n <= $3::bigint THEN 'running' ELSE 'done' END, 1
    FROM generate_series(1, $2::bigint) AS n
"""
PHASES = """
    INSERT INTO phases (id, tenant_id, order_id, job_id, position, key, name, after, quality_check, skippable,
        deadline, state, assignee_id, attempt, note, planned_start, planned_end, completed_at)
    SELECT made('phase', n), $1, made('order', n), made('job', n), 1, 'stampa', 'Stampa', '{}', false, false,
        $3::date + (n % 60)::int,
        CASE WHEN n > $4::bigint THEN 'done' ELSE ('{ready,assigned,in_progress}'::text[])[n % 3 + 1] END,
        CASE WHEN n > $4::bigint OR n % 3 > 0 THEN made('person', n % 40) END, 1, '',
        $3::date + (n % 60 - 8)::int, $3::date + (n % 60 - 5)::int, CASE WHEN n > $4::bigint THEN now() END
    FROM generate_series(1, $2::bigint) AS n
"""
PEOPLE = """
    INSERT INTO directory_people (tenant_id, id, name, active, roles)
    SELECT $1, made('person', n), 'Persona ' || n, true, '{dealer}' FROM generate_series(0, 39) AS n
"""


class Plant:
    """A filled database."""

    def __init__(self, rows: int, stored: ServiceDatabase, database: Database) -> None:
        self.rows = rows
        self.stored = stored
        self.database = database
        self.people: list[UUID] = []

    async def fill(self) -> None:
        connection = await asyncpg.connect(self.stored.superuser_url)
        await connection.execute(MADE)
        await connection.execute(ORDERS, TENANT, self.rows, TODAY, OPEN, timeout=3600)
        await connection.execute(JOBS, TENANT, self.rows, OPEN, timeout=3600)
        await connection.execute(PHASES, TENANT, self.rows, TODAY, OPEN, timeout=3600)
        await connection.execute(PEOPLE, TENANT)
        self.people = [
            row["id"] for row in await connection.fetch("SELECT id FROM directory_people ORDER BY id")
        ]
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.close()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Ports]:
        async with self.database.reading(TENANT) as work:
            yield ports(work)

    async def board(self, share: float) -> None:
        await self._listed(BoardFilter(state=STATES[int(share * len(STATES))]))

    async def late(self, _: float) -> None:
        await self._listed(BoardFilter(lateness="late"))

    async def unassigned(self, _: float) -> None:
        await self._listed(BoardFilter(unassigned=True))

    async def week(self, share: float) -> None:
        since = TODAY + timedelta(days=int(share * 40))
        await self._listed(BoardFilter(since=since, until=since + timedelta(days=6)))

    async def _listed(self, wanted: BoardFilter) -> None:
        async with self.reading() as found:
            assert await found.reading.list_board(wanted, TODAY, None, 51)

    async def tasks(self, share: float) -> None:
        person = self.people[int(share * 39)]
        states = (PhaseState.ASSIGNED, PhaseState.IN_PROGRESS)
        async with self.reading() as found:
            assert await found.reading.list_tasks(person, states, None, 51)

    async def assignees(self, _: float) -> None:
        async with self.reading() as found:
            assert await found.reading.list_assignees(["dealer"], TODAY, None, 51)


QUESTIONS: dict[str, Callable[[Plant, float], Awaitable[None]]] = {
    "board, a state": Plant.board,
    "board, what is late": Plant.late,
    "board, what nobody has": Plant.unassigned,
    "plan of a week": Plant.week,
    "tasks of a person": Plant.tasks,
    "people with their load": Plant.assignees,
}


def plant(rows: int) -> AbstractAsyncContextManager[Plant]:
    return filled("production", f"{rows:,} phases", partial(Plant, rows))


async def measure(fewer: int, more: int, samples: int) -> list[Figure]:
    figures: list[Figure] = []
    async with plant(fewer) as few, plant(more) as many:
        gc.collect()
        gc.freeze()
        figures += await growth_of(QUESTIONS, (f"{fewer:,}", few), (f"{more:,}", many), samples)
    return figures


if __name__ == "__main__":
    report(measure, __doc__)
