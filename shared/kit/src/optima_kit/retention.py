"""What the backbone forgets, and when. Parked messages, failed jobs and stream heads it never does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from .periodic import Periodic
from .postgres import Pool

OUTBOX_DAYS: Final = 14
"""So long can a service's own history be published again from its outbox."""
INBOX_DAYS: Final = 30
"""Longer than the outbox's: whatever can be published again must still be recognised."""
JOBS_DAYS: Final = 14
IDEMPOTENCY_HOURS: Final = 48

_EVERY_SECONDS: Final = 600.0
_ROWS_A_STATEMENT: Final = 1000

_PRUNE: Final[dict[str, tuple[str, timedelta]]] = {
    "outbox": (
        "DELETE FROM outbox WHERE position IN"
        " (SELECT position FROM outbox WHERE sent_at < now() - $1::interval LIMIT $2)",
        timedelta(days=OUTBOX_DAYS),
    ),
    "inbox": (
        "DELETE FROM inbox WHERE event_id IN"
        " (SELECT event_id FROM inbox WHERE handled_at < now() - $1::interval LIMIT $2)",
        timedelta(days=INBOX_DAYS),
    ),
    "jobs": (
        "DELETE FROM jobs WHERE id IN"
        " (SELECT id FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < now() - $1::interval"
        "  LIMIT $2)",
        timedelta(days=JOBS_DAYS),
    ),
    "idempotency_keys": (
        "DELETE FROM idempotency_keys WHERE (tenant_id, person_id, key) IN"
        " (SELECT tenant_id, person_id, key FROM idempotency_keys"
        "  WHERE created_at < now() - $1::interval LIMIT $2)",
        timedelta(hours=IDEMPOTENCY_HOURS),
    ),
}


class Retention:
    """Prunes every ten minutes until `stop`, as the backbone role, a thousand rows a statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._upkeep = Periodic("forget what has had its time", _EVERY_SECONDS, self.prune)

    def start(self) -> None:
        self._upkeep.start()

    async def stop(self) -> None:
        await self._upkeep.stop()

    async def prune(self) -> dict[str, int]:
        """Deletes what has had its time. Returns how many rows of each table."""
        deleted = dict.fromkeys(_PRUNE, 0)
        for table, (statement, age) in _PRUNE.items():
            while True:
                rows = int((await self._pool.execute(statement, age, _ROWS_A_STATEMENT)).split()[-1])
                deleted[table] += rows
                if rows < _ROWS_A_STATEMENT:
                    break
                await asyncio.sleep(0.01)
        return deleted
