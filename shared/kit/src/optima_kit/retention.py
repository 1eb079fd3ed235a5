"""Deletes old rows of the kit's own tables. Parked messages, failed jobs and stream heads are never
deleted."""

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
"""For how many days a service can publish its own history again from its outbox."""
INBOX_DAYS: Final = 30
"""Longer than the outbox's days: whatever can be published again must still be recognised as a duplicate."""
JOBS_DAYS: Final = 14
ANSWERS_DAYS: Final = 2
SESSIONS_DAYS: Final = 1

_EVERY_SECONDS: Final = 600.0
_ROWS_A_STATEMENT: Final = 1000

_DAYS: Final = {"outbox": OUTBOX_DAYS, "inbox": INBOX_DAYS, "idempotency_keys": ANSWERS_DAYS}
"""How many whole days these tables keep in addition to the present one. They have a partition for each
day."""

_PRUNE: Final[dict[str, tuple[str, int]]] = {
    "jobs": (
        "DELETE FROM jobs WHERE id IN"
        " (SELECT id FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < $1 LIMIT $2)",
        JOBS_DAYS,
    ),
    # The tokens of an ended session are valid for some minutes only.
    "access_changes": (
        "DELETE FROM access_changes WHERE (tenant_id, holder) IN"
        " (SELECT tenant_id, holder FROM access_changes"
        "  WHERE holder LIKE 'session %' AND changed_at < $1 LIMIT $2)",
        SESSIONS_DAYS,
    ),
    # The default partitions hold rows whose day had no partition. They are empty unless this has not run for
    # days.
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
    """Creates partitions for the coming days and drops those of old days, every ten minutes until `stop`, as
    the backbone role."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._upkeep = Periodic("forget what has had its time", _EVERY_SECONDS, self.turn)

    def start(self) -> None:
        self._upkeep.start()

    async def stop(self) -> None:
        await self._upkeep.stop()

    async def turn(self) -> None:
        """Drop the partitions of old days, delete old rows of tables without partitions, a thousand in each
        statement, and create the partitions of the next days."""
        now = self._clock.now()
        today = now.astimezone(UTC).date()
        for table, days in _DAYS.items():
            kept = today - timedelta(days=days)
            dropped = await self._pool.fetch("SELECT optima_drop_days($1, $2) AS name", table, kept)
            if dropped:
                _LOG.info("days forgotten", partitions=[row["name"] for row in dropped])
        for statement, days in _PRUNE.values():
            await self._delete(statement, now - timedelta(days=days))
        # This comes last, so that a failure to create a partition does not keep old days from being dropped.
        await self._pool.execute("SELECT optima_add_days($1)", today)

    async def _delete(self, statement: str, before: datetime) -> None:
        while True:
            status = await self._pool.execute(statement, before, _ROWS_A_STATEMENT)
            if int(status.rpartition(" ")[2]) < _ROWS_A_STATEMENT:
                return
            await asyncio.sleep(0.01)
