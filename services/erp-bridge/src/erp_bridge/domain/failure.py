"""A record that could not be exchanged: when it is tried again, and when a person must look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from .entities import Entity

Direction = Literal["in", "out", "both"]

ErrorClass = Literal["refused", "unreachable", "question", "notice", "waiting", "paused"]
"""refused: somebody must mend something. unreachable: it is tried again until the outage ends. question: only
a person can say whether it is a record that we know. notice: it was taken, and should be looked at. waiting:
it goes out as soon as the ERP has told of its customer, or has its order. paused: the remote schema does not
fit the entity any more, and nothing of it is exchanged until a person says to go on."""

FailureEntity = Entity | Literal["connection"]

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
class Dismissal:
    """Somebody has looked, and nothing is to be done."""

    by: UUID
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    failure_id: UUID
    connection_id: UUID
    connection_key: str
    entity: FailureEntity
    direction: Direction
    record_key: str
    """By which the record is known when it comes again."""
    payload: Mapping[str, Any]
    """Inbound: the record as it came; empty for a file that was refused as a whole."""
    problems: tuple[Problem, ...]
    error_class: ErrorClass
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    retry_at: datetime | None
    """None: it waits for a person."""
    dismissal: Dismissal | None = None

    @property
    def is_question(self) -> bool:
        return self.error_class == "question"

    @property
    def can_be_replayed(self) -> bool:
        return can_be_replayed(self.error_class, self.direction, kept=bool(self.payload))

    @property
    def can_be_dismissed(self) -> bool:
        return self.dismissal is None and can_be_dismissed(self.error_class)


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """Which failures are meant; what is None is not asked for."""

    connection: str | None = None
    """Its key."""
    entity: FailureEntity | None = None
    direction: Direction | None = None
    error_class: ErrorClass | None = None
    code: str | None = None
    """Of the first problem."""
    dismissed: bool = False
    """The dismissed ones instead of those that wait."""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures that one act of a person can settle: the same thing is wrong of the same entity."""

    connection_key: str
    entity: FailureEntity
    direction: Direction
    error_class: ErrorClass
    code: str
    kept: bool
    """Whether the records are kept as they came."""
    failures: int
    first_failed_at: datetime
    last_failed_at: datetime
    problem: Problem
    """Of one of them."""

    @property
    def can_be_replayed(self) -> bool:
        return can_be_replayed(self.error_class, self.direction, kept=self.kept)

    @property
    def can_be_dismissed(self) -> bool:
        return can_be_dismissed(self.error_class)


def can_be_replayed(error_class: ErrorClass, direction: Direction, *, kept: bool) -> bool:
    """A question needs its answer, and what a file held that was refused as a whole is not kept."""
    return error_class == "paused" or (error_class != "question" and (direction != "in" or kept))


def can_be_dismissed(error_class: ErrorClass) -> bool:
    """An outage ends when the remote system answers, a pause when somebody says to go on."""
    return error_class not in ("unreachable", "paused")


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after the `attempts`-th vain attempt: after 5 s, then twice as long each time, at
    least every five minutes, until the outage ends."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return now + min(LONGEST_PAUSE, timedelta(seconds=5) * doubled)
