"""Stored answers to commands. An answer is stored under the caller's Idempotency-Key, in the command's own
transaction."""

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
    """An answer, and the hash of the request to which it belongs."""

    request_hash: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerWrites:
    """The answers of one transaction. They are written together with the outbox, by its last statement.

    Two answers with the same person and key collide in the database. The second transaction is then rolled
    back as a whole, and finds the answer of the first.
    """

    def __init__(self) -> None:
        self.pending: list[tuple[UUID, str, Answer]] = []

    def keep(self, person_id: UUID, key: str, answer: Answer) -> None:
        self.pending.append((person_id, key, answer))

    def mark(self) -> int:
        """Return a mark of the present state for `rewind`."""
        return len(self.pending)

    def rewind(self, mark: int) -> None:
        """Drop the answers that were added since `mark`."""
        del self.pending[mark:]

    def take(self) -> dict[str, object]:
        """Return the pending answers as parameters of the closing statement, and forget them."""
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
    """Return the answer to an earlier request of the person with this key, or None."""
    row = await work.fetchrow(_FIND, person_id=person_id, key=key)
    if row is None:
        return None
    return Answer(row["request_hash"], row["status"], orjson.loads(row["headers"] or "{}"), row["body"])
