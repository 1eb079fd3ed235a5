"""From the outbox to the broker: published in order per aggregate, marked sent once confirmed.

Any number of relays share an outbox: each turn locks some of its partitions, so that an aggregate's events
are always in one relay's hands, and the lock ends with the process that held it. A relay that dies between
publishing and marking leaves events that are published again; whoever consumes them recognises that.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import Final

import structlog

from optima_contracts.envelope import CONTENT_TYPE

from .backbone_metrics import OUTBOX_OLDEST_SECONDS, OUTBOX_PENDING, published
from .broker import Broker, Outgoing, Publisher, pauses
from .db import UNAVAILABLE, Connection, Pool, roll_back
from .periodic import Periodic
from .topology import EVENTS
from .wake import Ear

_LOG = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.25
"""How late an event can be published when its wake-up was lost with the process that owed it."""

_BATCH: Final = 500
_PARTITIONS_A_TURN: Final = 8

# Claiming and reading are two statements: the reading one's snapshot must be younger than the locks, or it
# could show what another relay has just sent.
_CLAIM = """
SELECT partition FROM outbox_partitions AS mine
WHERE EXISTS (SELECT FROM outbox WHERE sent_at IS NULL AND outbox.partition = mine.partition)
ORDER BY random() LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_READ = """
SELECT event.* FROM unnest($1::smallint[]) AS claimed(partition)
CROSS JOIN LATERAL (
    SELECT position, id, type, subject, envelope FROM outbox
    WHERE sent_at IS NULL AND outbox.partition = claimed.partition
    ORDER BY position LIMIT $2
) AS event
ORDER BY event.position
"""
_MARK = "UPDATE outbox SET sent_at = now() WHERE position = ANY($1::bigint[])"
_UNMARK = """
UPDATE outbox SET sent_at = NULL WHERE position IN (
    SELECT position FROM outbox WHERE position > $1 AND created_at >= $2 AND sent_at IS NOT NULL
    ORDER BY position LIMIT $3)
RETURNING position
"""
_MEASURE = """
SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE sent_at IS NULL LIMIT 100000) AS unsent),
       (SELECT extract(epoch FROM now() - min(created_at)) FROM outbox_partitions
        CROSS JOIN LATERAL (
            SELECT created_at FROM outbox
            WHERE sent_at IS NULL AND outbox.partition = outbox_partitions.partition
            ORDER BY position LIMIT 1) AS oldest)
"""


async def republish(connection: Connection, since: datetime) -> int:
    """Has the relays publish again what was written since then: for a broker that lost its data. Whoever
    handled an event before recognises it. Returns how many events that are."""
    count, after = 0, 0
    while rows := await connection.fetch(_UNMARK, after, since, 2 * _BATCH):
        count += len(rows)
        after = max(row["position"] for row in rows)
    return count


class Relay:
    """Publishes one service's outbox, as the backbone role, until `stop`."""

    def __init__(self, pool: Pool, broker: Broker, ear: Ear) -> None:
        self._pool = pool
        self._broker = broker
        self._publisher = Publisher(broker, EVENTS, CONTENT_TYPE)
        self._heard = ear.listen()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._measuring = Periodic("measure the outbox", 5.0, self._measure)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="relay")
        self._measuring.start()

    async def stop(self) -> None:
        """Finishes the turn in hand and stops."""
        self._stopping.set()
        self._heard.set()
        await self._measuring.stop()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        pause = pauses()
        while not self._stopping.is_set():
            self._heard.clear()
            try:
                if not await self._wait_for_broker():
                    continue
                found, sent = await self.turn()
            except UNAVAILABLE as error:
                _LOG.warning("outbox unreachable", error=repr(error))
                await asyncio.sleep(pause())
                continue
            except Exception:
                # A defect of ours: nothing was marked, and the next turn takes the same events.
                _LOG.exception("relaying failed")
                await asyncio.sleep(pause())
                continue
            if sent < found:
                await asyncio.sleep(pause())
                continue
            pause = pauses()
            if not found and not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._heard.wait(), POLL_SECONDS)

    async def _wait_for_broker(self) -> bool:
        """Holds no lock and no transaction while the broker is away. False: asked to stop meanwhile."""
        if self._broker.connected and not self._broker.blocked:
            return True
        ready = asyncio.ensure_future(self._broker.ready())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        stopping.cancel()
        return not self._stopping.is_set()

    async def turn(self) -> tuple[int, int]:
        """Publishes one batch. Returns how many events it found, and how many of them were sent."""
        async with self._pool.acquire(timeout=10) as connection:
            # Marking survives a crash of the database or is done again: it need not wait for the disk.
            await connection.execute("BEGIN; SET LOCAL synchronous_commit = off")
            try:
                found, sent = await self._publish(connection)  # type: ignore[arg-type]
                await connection.execute("COMMIT")
            except BaseException:
                await roll_back(connection)  # type: ignore[arg-type]  # the pool's proxy of one
                raise
        return found, sent

    async def _publish(self, connection: Connection) -> tuple[int, int]:
        claimed = [row[0] for row in await connection.fetch(_CLAIM, _PARTITIONS_A_TURN)]
        if not claimed:
            return 0, 0
        rows = await connection.fetch(_READ, claimed, max(1, _BATCH // len(claimed)))
        if not rows:
            return 0, 0
        confirmed = await self._publisher.publish(
            [Outgoing(str(row["id"]), row["type"], row["envelope"].encode()) for row in rows]
        )
        sent, held_back = [], set()
        for row, is_confirmed in zip(rows, confirmed, strict=True):
            subject = row["subject"]
            if is_confirmed and subject not in held_back:
                sent.append(row["position"])
                published(row["type"]).inc()
            else:
                # Its successors go out again after it, so that the last copies arrive in order.
                held_back.add(subject)
        if sent:
            await connection.execute(_MARK, sent)
        return len(rows), len(sent)

    async def _measure(self) -> None:
        row = await self._pool.fetchrow(_MEASURE)
        assert row is not None
        pending, oldest = row
        OUTBOX_PENDING.set(pending)
        OUTBOX_OLDEST_SECONDS.set(max(0.0, float(oldest or 0)))
