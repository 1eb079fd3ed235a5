"""Measures figures of a service as a whole, in one of its processes.

A figure from the database does not belong to one replica. If each replica exposed it, the sum would be wrong,
and if a scrape read it, it would be missing exactly when it is needed. So one relay process measures on a
timer, and exposes the results as long as they are fresh. If no process measures, there are no figures, and
their absence raises the alarm.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import structlog

from .backbone_metrics import (
    JOBS_DUE,
    JOBS_FAILED,
    JOBS_OLDEST_DUE_SECONDS,
    JOBS_RUNNING,
    OUTBOX_OLDEST_SECONDS,
    OUTBOX_PENDING,
    PARKED_MESSAGES,
    WAITING_MESSAGES,
)
from .metrics import MEASURED
from .parking import REASONS
from .postgres import UNAVAILABLE, Connection, Pool

_LOG = structlog.get_logger(__name__)

Measure = Callable[[Connection], Awaitable[None]]
"""A function that sets gauges registered in MEASURED, on a connection of the backbone role."""

EVERY_SECONDS: Final = 5.0
_FRESH_SECONDS: Final = 45.0
"""How long results are exposed. This is longer than a statement may take before it counts as failed."""
_LEASE: Final = 0x0971_4C
_TAKE_LEASE: Final = "SELECT pg_try_advisory_lock($1)"

_OUTBOX: Final = """
SELECT (SELECT count(*) FROM (
           SELECT FROM outbox WHERE optima_day(sent_at) IS NULL ORDER BY position LIMIT 100000
       ) AS unsent) AS pending,
       (SELECT extract(epoch FROM now() - created_at)::float8 FROM outbox
        WHERE optima_day(sent_at) IS NULL ORDER BY position LIMIT 1) AS oldest
"""
_PARKING: Final = """
SELECT CASE WHEN next_attempt_at IS NULL THEN reason END AS reason, count(*) FROM parking GROUP BY 1
"""
_JOBS: Final = """
SELECT kind, count(*) AS due, count(*) FILTER (WHERE locked_until > now()) AS running,
       coalesce(extract(epoch FROM now() - min(due_at) FILTER (
           WHERE locked_until IS NULL OR locked_until <= now()))::float8, 0) AS oldest
FROM (SELECT kind, locked_until, due_at FROM jobs
      WHERE state = 'due' AND due_at <= now() ORDER BY due_at LIMIT 100000) AS due GROUP BY kind
"""
_FAILED: Final = "SELECT kind, count(*) FROM jobs WHERE state = 'failed' GROUP BY kind"


async def measure_outbox(connection: Connection) -> None:
    row = await connection.fetchrow(_OUTBOX)
    assert row is not None
    OUTBOX_PENDING.set(row["pending"])
    OUTBOX_OLDEST_SECONDS.set(max(0.0, row["oldest"] or 0.0))


async def measure_parking(connection: Connection) -> None:
    counts: dict[str | None, int] = {row[0]: row[1] for row in await connection.fetch(_PARKING)}
    WAITING_MESSAGES.set(counts.get(None, 0))
    for reason in REASONS:
        PARKED_MESSAGES.labels(reason).set(counts.get(reason, 0))


def measure_jobs(kinds: Iterable[str]) -> Measure:
    """Return a measure of the jobs of each kind. Kinds without jobs get zeros, since autoscaling needs a
    value for each kind."""
    known = tuple(kinds)

    async def measure(connection: Connection) -> None:
        due = {row["kind"]: row for row in await connection.fetch(_JOBS)}
        failed: dict[str, int] = {row[0]: row[1] for row in await connection.fetch(_FAILED)}
        for kind in {*known, *due, *failed}:
            row: Any = due.get(kind) or {"due": 0, "running": 0, "oldest": 0.0}
            JOBS_DUE.labels(kind).set(row["due"] - row["running"])
            JOBS_OLDEST_DUE_SECONDS.labels(kind).set(max(0.0, row["oldest"]))
            JOBS_RUNNING.labels(kind).set(row["running"])
            JOBS_FAILED.labels(kind).set(failed.get(kind, 0))

    return measure


def seldom(measure: Measure, every: float) -> Measure:
    """Return a measure that runs at most every `every` seconds, for figures that are costly to find out. In
    between, the last values are exposed."""
    due = 0.0

    async def measure_when_due(connection: Connection) -> None:
        nonlocal due
        began = time.monotonic()
        if began >= due:
            await measure(connection)
            due = began + every

    return measure_when_due


class Measuring:
    """Measures every few seconds until `stop`, in one of any number of processes: the one that holds the
    lease, an advisory lock of its database session. The others keep checking whether it is free."""

    def __init__(self, pool: Pool, measures: Sequence[Measure], *, every: float = EVERY_SECONDS) -> None:
        self._pool = pool
        self._measures = measures
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="measure")

    async def stop(self) -> None:
        """Interrupt the running measurement, give the lease up, and expose nothing more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                async with self._pool.acquire(timeout=10) as connection:
                    await self._measure_by_lease(connection)  # type: ignore[arg-type]  # the pool's proxy
            except UNAVAILABLE as error:
                _LOG.warning("nothing measured", error=repr(error))
            except Exception:
                _LOG.exception("measuring failed")
            finally:
                MEASURED.forget()
            await asyncio.sleep(self._every)

    async def _measure_by_lease(self, connection: Connection) -> None:
        if not await connection.fetchval(_TAKE_LEASE, _LEASE):
            return
        try:
            while True:
                for measure in self._measures:
                    await measure(connection)
                MEASURED.show(_FRESH_SECONDS)
                await asyncio.sleep(self._every)
        finally:
            # Close the session, with which the lease ends. In the pool, it would keep the lease from
            # everybody.
            connection.terminate()
