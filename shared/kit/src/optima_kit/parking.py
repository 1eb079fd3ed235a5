"""Stores messages that could not be handled: some are tried again later, others are parked until somebody
replays them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from uuid import UUID

from .ids import new_id
from .reactions import Received

if TYPE_CHECKING:
    from .postgres import Connection, Pool

Reason = Literal["not_yet", "failed", "unparseable", "unknown_type", "forged", "delivery_limit"]
REASONS: Final = get_args(Reason)

FAILED_PAUSES: Final = (1.0, 5.0, 30.0, 120.0, 600.0)
"""The pauses, in seconds, before each further attempt to handle a message that failed. After one more failure
the message is parked."""
NOT_YET_FIRST, NOT_YET_LONGEST = 0.05, 15.0
"""The pauses, in seconds, between attempts to handle a message that came too early. They double from the
first to the longest."""
NOT_YET_LIMIT: Final = 600.0
"""The seconds after which a message that is still too early is parked."""
UNKNOWN_PAUSE: Final = 60.0
"""The seconds between attempts to handle an event type without a reaction. A release with a reaction to it
may be being deployed."""
UNKNOWN_LIMIT: Final = 86_400.0
"""The seconds after which a message of such a type is parked."""

# The row may exist already, if the same message failed before. All times are the database server's.
_RETRY_LATER = """
INSERT INTO parking AS known (id, tenant_id, type, subject, sequence, correlation_id, body,
                              reason, error, attempts, next_attempt_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1,
        CASE $8 WHEN 'not_yet' THEN now() + $11 * interval '1 second'
                WHEN 'failed' THEN now() + ($10::float8[])[1] * interval '1 second'
                WHEN 'unknown_type' THEN now() + $14 * interval '1 second' END)
ON CONFLICT (id) DO UPDATE SET
    tenant_id = excluded.tenant_id, type = excluded.type, subject = excluded.subject,
    sequence = excluded.sequence, correlation_id = excluded.correlation_id,
    reason = excluded.reason, error = excluded.error,
    attempts = known.attempts + 1, last_failed_at = now(),
    next_attempt_at = CASE
        WHEN $8 = 'not_yet' AND now() < known.first_failed_at + $13 * interval '1 second'
            THEN now() + least($11 * 2 ^ least(known.attempts, 30), $12) * interval '1 second'
        WHEN $8 = 'failed' THEN now() + ($10::float8[])[known.attempts + 1] * interval '1 second'
        WHEN $8 = 'unknown_type' AND now() < known.first_failed_at + $15 * interval '1 second'
            THEN now() + $14 * interval '1 second' END
RETURNING attempts, next_attempt_at
"""
# A dead-lettered message is not parked if it was handled after all, and only its acknowledgement was lost
# each time.
_PARK_DEAD = """
INSERT INTO parking (id, tenant_id, type, subject, sequence, correlation_id, body, reason, error, attempts)
SELECT $1, $2, $3, $4, $5, $6, $7, 'delivery_limit', $8, 0
WHERE NOT EXISTS (SELECT FROM inbox WHERE event_id = $1)
ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, error = excluded.error, next_attempt_at = NULL
"""
_WAITING = """
SELECT id, tenant_id, body, erased FROM parking
WHERE next_attempt_at <= now() OR (next_attempt_at IS NOT NULL AND correlation_id = ANY($1::uuid[]))
ORDER BY subject, sequence LIMIT 200
"""
_OUTLOOK = """
SELECT coalesce(extract(epoch FROM min(next_attempt_at) - now())::float8, 3600) AS seconds,
       coalesce(array_agg(DISTINCT correlation_id), '{}') AS correlations
FROM (SELECT next_attempt_at, correlation_id FROM parking WHERE next_attempt_at IS NOT NULL
      ORDER BY next_attempt_at LIMIT 10000) AS waiting
"""
_ADOPT = """
UPDATE parking SET tenant_id = $2, type = $3, subject = $4, sequence = $5, correlation_id = $6 WHERE id = $1
"""
# Processes of the previous release park messages of unknown types at once.
_REVIVE_UNKNOWN = """
UPDATE parking SET next_attempt_at = now()
WHERE reason = 'unknown_type' AND next_attempt_at IS NULL
    AND first_failed_at > now() - $1 * interval '1 second'
"""
# Duplicates of a parked message may have been handled meanwhile.
_FORGET_HANDLED = "DELETE FROM parking USING inbox WHERE inbox.event_id = parking.id"
_LIST = """
SELECT id, tenant_id, type, subject, sequence, correlation_id, reason, error, attempts,
       first_failed_at, last_failed_at, next_attempt_at
FROM parking WHERE ($1 OR next_attempt_at IS NULL) AND ($2::uuid IS NULL OR id > $2)
ORDER BY id LIMIT $3
"""
_REPLAY = """
UPDATE parking SET next_attempt_at = now(), attempts = 0, first_failed_at = now() WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class FailedMessage:
    """A message in the parking table. If `next_attempt_at` is None, it is parked."""

    id: UUID
    tenant_id: UUID | None
    type: str | None
    subject: UUID | None
    sequence: int | None
    correlation_id: UUID | None
    reason: Reason
    error: str
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    next_attempt_at: datetime | None


async def list_parked(
    connection: Connection, *, after: UUID | None = None, limit: int = 50, waiting: bool = False
) -> list[FailedMessage]:
    """List parked messages in the order of their ids and, if `waiting`, also those that wait for another
    attempt. A tenant's connection sees only that tenant's messages; the backbone role sees all, including
    unreadable ones."""
    return [FailedMessage(**row) for row in await connection.fetch(_LIST, waiting, after, limit)]


async def replay(connection: Connection, id_: UUID) -> bool:
    """Let a parked message be tried again, at once and as often as a new one. Return False if there is
    none."""
    return bool(await connection.execute(_REPLAY, id_) == "UPDATE 1")


class Parking:
    """The parking table for the consumer, with the backbone role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def retry_later(
        self,
        body: bytes,
        received: Received[Any] | None,
        reason: Reason,
        error: str,
        *,
        id_: UUID | None = None,
    ) -> bool:
        """Store a message for another attempt, or park it if there is to be none. Return whether it was
        parked. `id_` is the id of its row if it has failed before."""
        row = await self._pool.fetchrow(
            _RETRY_LATER,
            *_described(body, received, id_),
            reason,
            _storable(error),
            list(FAILED_PAUSES),
            NOT_YET_FIRST,
            NOT_YET_LONGEST,
            NOT_YET_LIMIT,
            UNKNOWN_PAUSE,
            UNKNOWN_LIMIT,
        )
        assert row is not None
        return row["next_attempt_at"] is None

    async def park_dead(self, body: bytes, received: Received[Any] | None, error: str) -> None:
        """Park a message that the broker gave up delivering, unless it was handled."""
        await self._pool.execute(_PARK_DEAD, *_described(body, received, None), error)

    async def waiting(self, correlations: Collection[UUID]) -> list[tuple[UUID, UUID | None, bytes, bool]]:
        """List the messages that are due, and those that wait and belong to one of the `correlations`, as
        (id, tenant, body, erased). `erased` says that texts were removed from the body since its signature
        was checked."""
        rows = await self._pool.fetch(_WAITING, list(correlations))
        return [(row["id"], row["tenant_id"], row["body"], row["erased"]) for row in rows]

    async def revive_unknown(self) -> None:
        """Let messages that were recently parked for their unknown type be tried again."""
        await self._pool.execute(_REVIVE_UNKNOWN, UNKNOWN_LIMIT)

    async def adopt(self, id_: UUID, received: Received[Any]) -> None:
        """Complete the row of a message that could not be read before with what is known about it now."""
        await self._pool.execute(
            _ADOPT,
            id_,
            received.tenant_id,
            received.type,
            received.subject,
            received.sequence,
            received.correlation_id,
        )

    async def outlook(self) -> tuple[float, set[UUID]]:
        """Return the seconds until the next attempt is due, and the correlations of the waiting messages."""
        row = await self._pool.fetchrow(_OUTLOOK)
        assert row is not None
        return row["seconds"], set(row["correlations"])

    async def forget_handled(self) -> None:
        """Delete messages of which a duplicate was handled meanwhile."""
        await self._pool.execute(_FORGET_HANDLED)


def _storable(error: str) -> str:
    """Return the text without NUL and lone surrogates, which an exception may quote and PostgreSQL
    refuses."""
    return error[:2000].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _described(body: bytes, received: Received[Any] | None, id_: UUID | None) -> tuple[Any, ...]:
    if received is None:
        return (id_ or new_id(), None, None, None, None, None, body)
    return (
        id_ or received.id,
        received.tenant_id,
        received.type,
        received.subject,
        received.sequence,
        received.correlation_id,
        body,
    )
