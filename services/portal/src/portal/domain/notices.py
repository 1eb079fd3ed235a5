"""What people are told of, by which way, and when a mail may leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

Kind = Literal[
    "to_decide",
    "question",
    "reminder",
    "settled",
    "in_your_name",
    "outcome",
    "delegation",
    "task",
    "progress",
]
Way = Literal["at_once", "digest", "page"]
"""A mail at once, one mail a day with all, or no mail: on the page it stands in any case."""

USUAL: Final[Mapping[Kind, Way]] = {
    "to_decide": "at_once",
    "question": "at_once",
    "reminder": "at_once",
    "settled": "page",
    "in_your_name": "digest",
    "outcome": "at_once",
    "delegation": "at_once",
    "task": "at_once",
    "progress": "digest",
}
"""Until a person chooses otherwise."""
KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, as one person is told of it."""

    notice_id: UUID
    person_id: UUID
    kind: Kind
    what: str
    """The last word of the event's type, such as `step_pending`."""
    title: str
    """Of the approval, brief or task; empty where the event does not tell one."""
    detail: str
    address: str
    """The page that it is about."""
    happened_at: datetime
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """How one person wants to be told. Times are the clock's on their wall."""

    ways: Mapping[Kind, Way] = field(default_factory=dict)
    digest_at: time = time(8)
    quiet_from: time | None = None
    quiet_until: time | None = None

    def way(self, kind: Kind) -> Way:
        return self.ways.get(kind, USUAL[kind])

    def leaves_at(self, way: Way, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When a mail of what happens now leaves; None where none does."""
        if way == "page":
            return None
        local = now.astimezone(zone)
        if way == "digest":
            return _next(self.digest_at, local)
        if self.quiet_from is None or self.quiet_until is None or not self._is_quiet(local.time()):
            return now
        return _next(self.quiet_until, local)

    def _is_quiet(self, at: time) -> bool:
        begin, end = self.quiet_from or time(), self.quiet_until or time()
        return begin <= at < end if begin <= end else at >= begin or at < end


def _next(at: time, after: datetime) -> datetime:
    today = datetime.combine(after.date(), at, after.tzinfo)
    return today if today > after else datetime.combine(after.date() + timedelta(days=1), at, after.tzinfo)
