"""A record that could not be exchanged: when it is tried again, and when a person must look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from .mapping import Entity

Direction = Literal["in", "out"]

MOST_ATTEMPTS: Final = 8
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
    entity: Entity
    direction: Direction
    record_key: str
    """By which the record is known when it comes again."""
    payload: Mapping[str, str]
    """Inbound: the row as it came."""
    problems: tuple[Problem, ...]
    error_class: Literal["refused", "unreachable"]
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    retry_at: datetime | None
    """None: it waits for a person."""


def next_attempt(error_class: str, attempts: int, now: datetime) -> datetime | None:
    """When to try again after the `attempts`-th failure; None when trying again would be of no use.

    What was refused stays refused until somebody changes something; what could not be reached may answer
    later: after 5 s, then twice as long each time.
    """
    if error_class == "refused" or attempts >= MOST_ATTEMPTS:
        return None
    doubled: int = 2 ** (attempts - 1)
    return now + min(LONGEST_PAUSE, timedelta(seconds=5) * doubled)
