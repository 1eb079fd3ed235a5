"""The notices that people get, how each kind reaches them, and when a mail may be sent."""

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
"""How a notice reaches a person: by a mail at once, in one daily mail, or without a mail. It always appears
on the page of notices."""

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
"""The default way for each kind, until a person chooses another."""
KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Notice:
    """What one person is told about something that happened."""

    notice_id: UUID
    person_id: UUID
    kind: Kind
    what: str
    """The last word of the event's type, such as `step_pending`."""
    title: str
    """The title of the approval, brief or task; empty if the event has none."""
    detail: str
    address: str
    """The page to which the notice leads."""
    happened_at: datetime
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """How one person wants to be notified. Times are local times."""

    ways: Mapping[Kind, Way] = field(default_factory=dict)
    digest_at: time = time(8)
    quiet_from: time | None = None
    quiet_until: time | None = None

    def way(self, kind: Kind) -> Way:
        return self.ways.get(kind, USUAL[kind])

    def leaves_at(self, way: Way, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when a mail about something that happens now is sent, or None if none is sent."""
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
