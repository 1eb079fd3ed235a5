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
"""refused: a person must correct something. unreachable: the exchange is retried until the outage ends.
question: only a person can say whether it is a record that we know. notice: the record was accepted, but
should be checked. waiting: the document is sent as soon as the ERP has sent its customer, or has its order.
paused: the remote schema no longer fits, and the entity is not exchanged until a person resumes it."""

FailureEntity = Entity | Literal["connection"]

CONNECTION: Final = "connection"
"""The `entity` of the one failure that a connection has while its remote system can't be reached."""

LONGEST_PAUSE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. The text for `code` is in the catalogue of refusals."""

    code: str
    field: str | None
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A person's decision that nothing has to be done about a failure."""

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
    """Identifies the record when it comes again."""
    payload: Mapping[str, Any]
    """An incoming record as it came; empty for a document and for a file that was refused as a whole."""
    problems: tuple[Problem, ...]
    error_class: ErrorClass
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    retry_at: datetime | None
    """When the exchange is retried. None if the failure waits for a person."""
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
    """Conditions on failures. A condition that is None is not applied."""

    connection: str | None = None
    """The connection's key."""
    entity: FailureEntity | None = None
    direction: Direction | None = None
    error_class: ErrorClass | None = None
    code: str | None = None
    """The code of the failure's first problem."""
    dismissed: bool = False
    """Whether to select the dismissed failures instead of the open ones."""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one entity with the same problem, which a person can settle with one action."""

    connection_key: str
    entity: FailureEntity
    direction: Direction
    error_class: ErrorClass
    code: str
    kept: bool
    """Whether the records are stored as they came."""
    failures: int
    first_failed_at: datetime
    last_failed_at: datetime
    problem: Problem
    """The first problem of one of the failures."""

    @property
    def can_be_replayed(self) -> bool:
        return can_be_replayed(self.error_class, self.direction, kept=self.kept)

    @property
    def can_be_dismissed(self) -> bool:
        return can_be_dismissed(self.error_class)


def can_be_replayed(error_class: ErrorClass, direction: Direction, *, kept: bool) -> bool:
    """Tell whether a failure can be retried. A question needs an answer instead, and an incoming record must
    have been stored: the content of a file that was refused as a whole is not."""
    return error_class == "paused" or (error_class != "question" and (direction != "in" or kept))


def can_be_dismissed(error_class: ErrorClass) -> bool:
    """Tell whether a person can dismiss a failure. An outage ends only when the remote system answers, a
    pause only when a person resumes the exchange."""
    return error_class not in ("unreachable", "paused")


def next_attempt(attempts: int, now: datetime) -> datetime:
    """Return when to try again after the `attempts`-th failed attempt: after 5 s, then after twice as long
    each time, but never after more than five minutes."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return now + min(LONGEST_PAUSE, timedelta(seconds=5) * doubled)
