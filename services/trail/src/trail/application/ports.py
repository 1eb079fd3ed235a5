"""What the use cases ask of the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from ..domain.chain import Head, SealedEntry
from ..domain.competence import Grant, Sight
from ..domain.entry import Occurrence


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are asked for; what is None does not narrow."""

    brief_id: UUID | None = None
    person_id: UUID | None = None
    """Who acted, or on whose behalf."""
    type_prefix: str | None = None
    occurred_from: datetime | None = None
    occurred_before: datetime | None = None
    after: UUID | None = None
    """The event id of the last entry already seen."""
    limit: int = 50


class CanonicalEntry(NamedTuple):
    """As much of an entry as verification needs."""

    number: int
    canonical: str
    hash: str


class Trail(Protocol):
    def record(self, occurrence: Occurrence, grants: Sequence[Grant]) -> None:
        """Keeps the occurrence for the end of the transaction, when all are numbered and sealed together."""

    async def head(self) -> Head:
        """The newest entry as noted beside the chain; `BEGINNING` where there is none."""

    async def has(self, event_id: UUID) -> bool:
        """Whether the event is in the tenant's trail."""

    async def entries(self, selection: Selection, sight: Sight) -> list[SealedEntry]:
        """The entries asked for that `sight` lets through, by number, at most `limit`.

        Raises nothing for an unknown `after`: nothing follows an entry that isn't there.
        """

    def chain(self, *, after: int = 0) -> AsyncIterator[Sequence[SealedEntry]]:
        """Every entry with a number above `after`, by number, in portions that fit in memory."""

    def canonical_chain(self) -> AsyncIterator[Sequence[CanonicalEntry]]:
        """Every entry, by number, in portions that fit in memory."""


@dataclass(frozen=True, slots=True)
class Ports:
    trail: Trail
    now: datetime
