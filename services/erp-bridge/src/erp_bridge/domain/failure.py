"""A record that could not be exchanged: when it is tried again, and when a person must look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from .entities import Entity

Direction = Literal["in", "out", "both"]

ErrorClass = Literal["refused", "unreachable", "question", "notice", "waiting"]
"""refused: somebody must mend something. unreachable: it is tried again until the outage ends. question: only
a person can say whether it is a record that we know. notice: it was taken, and should be looked at. waiting:
it goes out as soon as the ERP has told of its customer, or has its order."""

CONNECTION: Final = "connection"
"""Stands for the entity of the one failure that a connection has while its remote system can't be reached."""

LONGEST_PAUSE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `code` has its text in the catalogue of refusals."""

    code: str
    field: str | None
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failure:
    failure_id: UUID
    connection_id: UUID
    connection_key: str
    entity: Entity | Literal["connection"]
    direction: Direction
    record_key: str
    """By which the record is known when it comes again."""
    payload: Mapping[str, Any]
    """Inbound: the record as it came."""
    problems: tuple[Problem, ...]
    error_class: ErrorClass
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    retry_at: datetime | None
    """None: it waits for a person."""

    @property
    def is_question(self) -> bool:
        return self.error_class == "question"

    @property
    def can_be_replayed(self) -> bool:
        """A question needs its answer, and what a file held that was refused as a whole is not kept."""
        return not self.is_question and (self.direction != "in" or bool(self.payload))


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after the `attempts`-th vain attempt: after 5 s, then twice as long each time, at
    least every five minutes, until the outage ends."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return now + min(LONGEST_PAUSE, timedelta(seconds=5) * doubled)
