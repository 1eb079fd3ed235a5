"""Working time: due times count only the hours in which people work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from optima_kit.time_zones import TimeZone

from .values import TimeOfDay, WrittenDay

_WEEKDAYS = ((time(9), time(13)), (time(14), time(18)))
_HORIZON_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Calendar:
    """A tenant's working hours: the spans of work of each weekday, Monday first, and the days without
    work."""

    time_zone: str = "Europe/Rome"
    week: tuple[tuple[tuple[time, time], ...], ...] = (*((_WEEKDAYS,) * 5), (), ())
    closed: frozenset[date] = frozenset()
    """Public holidays and the tenant's own closures."""

    def after(self, start: datetime, hours: Decimal) -> datetime:
        """Return the moment, in UTC, at which `hours` of working time have passed since `start`, which must
        have a time zone. If ten years hold too few working hours, plain hours are counted instead.
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

    def opening(self, day: date) -> datetime:
        """Return the moment, in UTC, at which people begin to work on that day or, if it is no working day,
        on the next one that is."""
        return self.after(datetime.combine(day, time.min, ZoneInfo(self.time_zone)), Decimal(0))

    def day(self, moment: datetime) -> date:
        """Return the day of a moment in the tenant's time zone."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def local(self, moment: datetime) -> datetime:
        """Return a moment in the tenant's time zone."""
        return moment.astimezone(ZoneInfo(self.time_zone))

    def _spans(self, day: date) -> tuple[tuple[time, time], ...]:
        return () if day in self.closed else self.week[day.weekday()]


def _in_order(spans: list[tuple[time, time]]) -> list[tuple[time, time]]:
    edges = [edge for span in spans for edge in span]
    if any(edge.tzinfo is not None for edge in edges) or any(
        early >= late for early, late in pairwise(edges)
    ):
        raise PydanticCustomError("spans_out_of_order", "Spans of work follow one another")
    return spans


Spans = Annotated[list[tuple[TimeOfDay, TimeOfDay]], Field(max_length=6), AfterValidator(_in_order)]


class WorkingWeek(BaseModel):
    """The spans of work of each weekday, as local times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    monday: Spans = list(_WEEKDAYS)
    tuesday: Spans = list(_WEEKDAYS)
    wednesday: Spans = list(_WEEKDAYS)
    thursday: Spans = list(_WEEKDAYS)
    friday: Spans = list(_WEEKDAYS)
    saturday: Spans = []
    sunday: Spans = []


class WorkingTime(BaseModel):
    """A tenant's working time, as its admin writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    week: WorkingWeek = WorkingWeek()
    holidays: Literal["italian", "none"] = "italian"
    closures: Annotated[list[WrittenDay], Field(max_length=1000)] = []
    """Days on which the tenant does not work, in addition to public holidays."""
    time_zone: TimeZone | None = None
    """The time zone of these hours, or None for the tenant's own."""

    def calendar(self, time_zone: str, holidays: frozenset[date]) -> Calendar:
        """Return the calendar that counts these hours. `holidays` are Italy's, `time_zone` the tenant's."""
        week = (
            self.week.monday,
            self.week.tuesday,
            self.week.wednesday,
            self.week.thursday,
            self.week.friday,
            self.week.saturday,
            self.week.sunday,
        )
        public = holidays if self.holidays == "italian" else frozenset[date]()
        return Calendar(
            self.time_zone or time_zone, tuple(tuple(day) for day in week), public | set(self.closures)
        )
