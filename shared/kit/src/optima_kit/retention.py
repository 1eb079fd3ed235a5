"""What the backbone forgets, and when. Parked messages, failed jobs and stream heads it never does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from .clock import Clock
from .periodic import Periodic
from .postgres import Pool

_LOG = structlog.get_logger(__name__)

OUTBOX_DAYS: Final = 14
"""So long can a service's own history be published again from its outbox."""
INBOX_DAYS: Final = 30
"""Longer than the outbox's: whatever can be published again must still be recognised."""
JOBS_DAYS: Final = 14
ANSWERS_DAYS: Final = 2
SESSIONS_DAYS: Final = 1

_EVERY_SECONDS: Final = 600.0
_ROWS_A_STATEMENT: Final = 1000

_DAYS: Final = {"outbox": OUTBOX_DAYS, "inbox": INBOX_DAYS, "idempotency_keys": ANSWERS_DAYS}
"""Whole days that these keep besides the present one; they have a partition for each."""

_PRUNE: Final[dict[str, tuple[str, int]]] = {
    "jobs": (
        "DELETE FROM jobs WHERE id IN"
        " (SELECT id FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < $1 LIMIT $2)",
        JOBS_DAYS,
    ),
    # Of the sessions that have ended, a token lives for minutes.
    "access_changes": (
        "DELETE FROM access_changes WHERE (tenant_id, holder) IN"
        " (SELECT tenant_id, holder FROM access_changes"
        "  WHERE holder LIKE 'session %' AND changed_at < $1 LIMIT $2)",
        SESSIONS_DAYS,
    ),
    # Rows for whose day there was no partition: nothing, unless this has not run for days.
    "outbox_default": (
        "DELETE FROM outbox_default WHERE position IN"
        " (SELECT position FROM outbox_default WHERE sent_at < $1 LIMIT $2)",
        OUTBOX_DAYS,
    ),
    "inbox_default": (
        "DELETE FROM inbox_default WHERE event_id IN"
        " (SELECT event_id FROM inbox_default WHERE handled_at < $1 LIMIT $2)",
        INBOX_DAYS,
    ),
    "idempotency_keys_default": (
        "DELETE FROM idempotency_keys_default WHERE (tenant_id, person_id, key, day) IN"
        " (SELECT tenant_id, person_id, key, day FROM idempotency_keys_default"
        "  WHERE created_at < $1 LIMIT $2)",
        ANSWERS_DAYS,
    ),
}


class Retention:
    """Makes room for the coming days and forgets those that have had their time, every ten minutes until
    `stop`, as the backbone role."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._upkeep = Periodic("forget what has had its time", _EVERY_SECONDS, self.turn)

    def start(self) -> None:
        self._upkeep.start()

    async def stop(self) -> None:
        await self._upkeep.stop()

    async def turn(self) -> None:
        """Drops the partitions of the days past and deletes rows of tables without days, a thousand a
        statement; makes the partitions of the next days."""
        now = self._clock.now()
        today = now.astimezone(UTC).date()
        for table, days in _DAYS.items():
            kept = today - timedelta(days=days)
            dropped = await self._pool.fetch("SELECT optima_drop_days($1, $2) AS name", table, kept)
            if dropped:
                _LOG.info("days forgotten", partitions=[row["name"] for row in dropped])
        for statement, days in _PRUNE.values():
            await self._delete(statement, now - timedelta(days=days))
        # Last: a day that can't be made must not keep the others from being forgotten.
        await self._pool.execute("SELECT optima_add_days($1)", today)

    async def _delete(self, statement: str, before: datetime) -> None:
        while True:
            status = await self._pool.execute(statement, before, _ROWS_A_STATEMENT)
            if int(status.rpartition(" ")[2]) < _ROWS_A_STATEMENT:
                return
            await asyncio.sleep(0.01)
