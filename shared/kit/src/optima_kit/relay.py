"""Publishes events from the outbox to the broker, in order for each aggregate, and marks them as sent once
they are confirmed.

One relay of a service publishes, and the others stand by. If a relay dies between publishing and marking, its
events are published again, and consumers recognise the duplicates.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from optima_contracts.envelope import CONTENT_TYPE
from optima_contracts.signatures import EventSigner

from .backbone_metrics import published
from .broker import Broker, Publisher
from .frames import Outgoing
from .pauses import pauses
from .postgres import UNAVAILABLE, Connection, Pool
from .topology import EVENTS
from .tracing import published as traced
from .wake import WakeListener

_LOG = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
"""How late an event can be published if its wake-up was lost because its process died."""

_BATCH: Final = 500
_ON_THE_WAY: Final = 3
"""How many batches may be published before the first of them is confirmed."""
_LINGER_SECONDS: Final = 0.003
"""How long the next turn waits for more events, if the previous one had several. An idle relay does not
wait."""
_LEASE: Final = 0x0971_4B

# optima_day is the key of the partitions, so PostgreSQL reads only the partition of unsent events. The
# statement does not see its own update, so events that are on their way or were just confirmed are left out
# explicitly.
MARK_AND_READ = """
WITH marked AS (
    UPDATE outbox SET sent_at = now() WHERE optima_day(sent_at) IS NULL AND position = ANY($1::bigint[])
)
SELECT position, id, type, subject, envelope FROM outbox
WHERE optima_day(sent_at) IS NULL AND position <> ALL($2::bigint[])
ORDER BY position LIMIT $3
"""
_TAKE_LEASE = "SELECT pg_try_advisory_lock($1)"
# Marks that a crash of the database loses are made again, so they need not wait for the disk. Sequential
# scans are disabled because there may be no unsent event when a turn is planned, and millions when it runs.
SESSION_SETTINGS: Final = "SET synchronous_commit = off; SET enable_seqscan = off"
_END_LEASE: Final = "RESET synchronous_commit; RESET enable_seqscan; SELECT pg_advisory_unlock_all()"
_UNMARK = """
UPDATE outbox SET sent_at = NULL WHERE position IN (
    SELECT position FROM outbox WHERE position > $1 AND created_at >= $2 AND optima_day(sent_at) IS NOT NULL
    ORDER BY position LIMIT $3)
RETURNING position
"""


async def republish(connection: Connection, since: datetime) -> int:
    """Let the relays publish again all events written since then, for example to a broker that lost its data.
    Services that have handled an event recognise the duplicate. Return how many events these are."""
    count, after = 0, 0
    while rows := await connection.fetch(_UNMARK, after, since, 2 * _BATCH):
        count += len(rows)
        after = max(row["position"] for row in rows)
    return count


@dataclass(slots=True, eq=False)
class _OnTheWay:
    """A batch that was published but is not confirmed yet."""

    rows: list[asyncpg.Record]
    confirmed: asyncio.Task[list[bool]]


class Relay:
    """Publishes one service's outbox, as the backbone role, until `stop`.

    One relay holds the lease, which is an advisory lock of its database session; the others stand by. If
    PostgreSQL has dropped the session, the relay may publish one more batch before it notices. That batch is
    then published twice, each time in order.
    """

    def __init__(self, pool: Pool, broker: Broker, listener: WakeListener, signer: EventSigner) -> None:
        self._pool = pool
        self._signer = signer
        self._broker = broker
        self._publisher = Publisher(broker, EVENTS, CONTENT_TYPE)
        self._heard = listener.listen("events")
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Wait for the batches that are on their way, mark them, give the lease up, and stop."""
        self._stopping.set()
        self._heard.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        pause = pauses()
        while not self._stopping.is_set():
            try:
                async with self._pool.acquire(timeout=10) as connection:
                    await self._stand_by(connection)  # type: ignore[arg-type]  # the pool's proxy of one
                pause = pauses()
            except UNAVAILABLE as error:
                _LOG.warning("outbox unreachable", error=repr(error))
                await asyncio.sleep(pause())
            except Exception:
                # A defect of this program. Nothing was marked, and the next relay publishes the same events.
                _LOG.exception("relaying failed")
                await asyncio.sleep(pause())

    async def _stand_by(self, connection: Connection) -> None:
        """Wait until the lease is free, then publish until asked to stop."""
        while not await connection.fetchval(_TAKE_LEASE, _LEASE):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), POLL_SECONDS)
            if self._stopping.is_set():
                return
        try:
            await connection.execute(SESSION_SETTINGS)
            await self.publish(connection, until=self._stopping)
            await connection.execute(_END_LEASE)
        except BaseException:
            # Close the session, with which the lease ends. In the pool, it would keep the lease from
            # everybody.
            connection.terminate()
            raise

    async def publish(self, connection: Connection, *, until: asyncio.Event) -> None:
        """Publish the events in the outbox and those that are added, on a session that holds the lease."""
        underway: deque[_OnTheWay] = deque()
        pause = pauses()
        try:
            while underway or not until.is_set():
                self._heard.clear()
                sent, refused = settle(underway)
                room = not (refused or until.is_set() or self._broker.blocked)
                room = room and self._broker.connected and len(underway) < _ON_THE_WAY
                rows: list[asyncpg.Record] = []
                if room or sent:
                    known = sent + [row["position"] for batch in underway for row in batch.rows]
                    rows = await connection.fetch(MARK_AND_READ, sent, known, _BATCH if room else 0)
                if rows:
                    bodies = self._signer.signed([row["envelope"].encode() for row in rows])
                    messages = [
                        Outgoing(str(row["id"]), row["type"], body)
                        for row, body in zip(rows, bodies, strict=True)
                    ]
                    underway.append(_OnTheWay(rows, asyncio.create_task(self._publisher.publish(messages))))
                if refused and not underway:
                    await asyncio.sleep(pause())
                elif len(rows) > 1:
                    await asyncio.sleep(_LINGER_SECONDS)
                else:
                    await self._rest(underway)
                if sent and not refused:
                    pause = pauses()
        finally:
            for batch in underway:
                batch.confirmed.cancel()

    async def _rest(self, underway: Iterable[_OnTheWay]) -> None:
        """Wait until events were written, a batch was confirmed, or it is time to poll."""
        heard = asyncio.ensure_future(self._heard.wait())
        confirmed = {batch.confirmed for batch in underway if not batch.confirmed.done()}
        try:
            await asyncio.wait({heard, *confirmed}, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()


def settle(underway: deque[_OnTheWay]) -> tuple[list[int], bool]:
    """Remove the settled batches from the front. Return the positions that may be marked as sent, and whether
    an event was refused.

    For each subject, only the events before the first refused one are marked. Those after it are published
    again after it, so that the last copies arrive in order. Therefore, after a refusal, all batches on their
    way have to settle first.
    """
    done = [batch for batch in underway if batch.confirmed.done()]
    refused = any(not all(batch.confirmed.result()) for batch in done)
    if refused and len(done) < len(underway):
        return [], True
    sent: list[int] = []
    held_back: set[UUID] = set()
    while underway and underway[0].confirmed.done():
        batch = underway.popleft()
        for row, is_confirmed in zip(batch.rows, batch.confirmed.result(), strict=True):
            if is_confirmed and row["subject"] not in held_back:
                sent.append(row["position"])
                published(row["type"]).inc()
                traced(row["type"], row["id"], row["envelope"])
            else:
                held_back.add(row["subject"])
    return sent, refused
