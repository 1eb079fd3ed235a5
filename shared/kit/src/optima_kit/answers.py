"""Answers already given, kept by the caller's Idempotency-Key in the command's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from .sql import Statement

if TYPE_CHECKING:
    from .db import UnitOfWork

_FIND = Statement.parse("""
SELECT request_hash, status, headers, body FROM idempotency_keys WHERE person_id = :person_id AND key = :key
ORDER BY day DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and the fingerprint of the request."""

    request_hash: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerWrites:
    """The answers of one transaction; the outbox's closing statement writes them.

    Two of the same person and key collide in the database: whoever comes second is undone as a whole, and
    finds the first one's answer.
    """

    def __init__(self) -> None:
        self.pending: list[tuple[UUID, str, Answer]] = []

    def keep(self, person_id: UUID, key: str, answer: Answer) -> None:
        self.pending.append((person_id, key, answer))

    def mark(self) -> int:
        """Remembers what stands here, for `rewind`."""
        return len(self.pending)

    def rewind(self, mark: int) -> None:
        """Forgets what was kept since `mark`."""
        del self.pending[mark:]

    def take(self) -> dict[str, object]:
        """The parameters `closing` writes them with; nothing is left."""
        pending, self.pending = self.pending, []
        return {
            "people": [person_id for person_id, _, _ in pending],
            "keys": [key for _, key, _ in pending],
            "hashes": [answer.request_hash for _, _, answer in pending],
            "statuses": [answer.status for _, _, answer in pending],
            "headers": [orjson.dumps(answer.headers).decode() for _, _, answer in pending],
            "bodies": [answer.body for _, _, answer in pending],
        }


async def find_answer(work: UnitOfWork, person_id: UUID, key: str) -> Answer | None:
    """The answer to an earlier request of that person under that key."""
    row = await work.fetchrow(_FIND, person_id=person_id, key=key)
    if row is None:
        return None
    return Answer(row["request_hash"], row["status"], orjson.loads(row["headers"] or "{}"), row["body"])
