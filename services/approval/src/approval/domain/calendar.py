"""Working time: due dates count the hours in which people work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

_WEEKDAYS = ((time(9), time(13)), (time(14), time(18)))
_HORIZON_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Calendar:
    """A tenant's working hours: per weekday (Monday first) the spans of work, and the days without any."""

    time_zone: str = "Europe/Rome"
    week: tuple[tuple[tuple[time, time], ...], ...] = (*((_WEEKDAYS,) * 5), (), ())
    closed: frozenset[date] = frozenset()
    """Public holidays and the tenant's own closures."""

    def after(self, start: datetime, hours: Decimal) -> datetime:
        """The moment when `hours` of working time have passed since `start` (aware; the answer is UTC).

        Without any working hours within ten years, plain hours are counted.
        """
        zone, utc = ZoneInfo(self.time_zone), ZoneInfo("UTC")
        left = timedelta(seconds=float(hours * 3600))
        day = start.astimezone(zone).date()
        for _ in range(_HORIZON_DAYS):
            for opens, closes in self._spans(day):
                begins = max(datetime.combine(day, opens, zone).astimezone(utc), start.astimezone(utc))
                ends = datetime.combine(day, closes, zone).astimezone(utc)
                if begins < ends:
                    if left <= ends - begins:
                        return begins + left
                    left -= ends - begins
            day += timedelta(days=1)
        return start.astimezone(utc) + timedelta(seconds=float(hours * 3600))

    def _spans(self, day: date) -> tuple[tuple[time, time], ...]:
        return () if day in self.closed else self.week[day.weekday()]
