"""Due times count the hours in which people work."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval.adapters.mail import Letter, Mailer
from approval.domain.calendar import Calendar, WorkingTime
from optima_kit.public_holidays import italian_holidays
from optima_kit.time_zones import TIME_ZONES
from optima_kit.written import written_day

ITALIAN = WorkingTime(closures=[date(2027, 3, 30)]).calendar(
    "Europe/Rome", italian_holidays(2026) | italian_holidays(2027)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        # within a day, over the lunch break
        ("2026-11-23T10:00+01:00", "4", "2026-11-23T15:00+01:00"),
        # the day's last moment is still that day
        ("2026-11-23T09:00+01:00", "8", "2026-11-23T18:00+01:00"),
        ("2026-11-23T17:30+01:00", "0.5", "2026-11-23T18:00+01:00"),
        # begun outside of working hours, it counts from when they begin
        ("2026-11-21T11:00+01:00", "1", "2026-11-23T10:00+01:00"),
        # Saturday, Easter, Easter Monday, the tenant's own closure; summer time has begun on the way
        ("2027-03-26T17:00+01:00", "2", "2027-03-31T10:00+02:00"),
        # Christmas and St Stephen's fall on the weekend; the hours of Thursday evening and of Monday
        ("2027-12-23T16:00+01:00", "11", "2027-12-27T10:00+01:00"),
        # 8 December is the Immaculate Conception
        ("2026-12-07T17:00+01:00", "1.5", "2026-12-09T09:30+01:00"),
    ],
)
def test_only_working_hours_pass(start: str, hours: str, due: str) -> None:
    assert ITALIAN.after(at(start), Decimal(hours)) == at(due)


def test_where_nobody_ever_works_plain_hours_pass() -> None:
    never = Calendar(week=((), (), (), (), (), (), ()))
    assert never.after(at("2026-11-21T11:00+01:00"), Decimal(5)) == at("2026-11-21T16:00+01:00")


ZONES = sorted(TIME_ZONES)
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = {
    language: {
        written_day(day, language): day.isoformat()
        for day in (date(2025, 12, 1) + timedelta(days=number) for number in range(4 * 366))
    }
    for language in ("it", "en")
}
"""What a day means, by how it is written."""


@cache
def changes_of(zone: str) -> tuple[datetime, ...]:
    """The hours of three years in which the zone's clocks are put forward or back."""
    hours = [BEGINNING + timedelta(hours=number) for number in range(3 * 366 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours[::24]]
    days = [
        hours[24 * number] for number, (a, b) in enumerate(pairwise(offsets)) if a != b
    ]  # the change is within a day of it
    return tuple(day + timedelta(hours=number) for day in days for number in range(-1, 26))


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and a moment at some time or close to a change of its clocks, forward or back."""
    zone = draw(
        st.sampled_from(ZONES) | st.sampled_from(("Europe/Rome", "America/St_Johns", "Australia/Lord_Howe"))
    )
    some = st.integers(0, 3 * 365 * 24).map(lambda hours: BEGINNING + timedelta(hours=hours))
    close = changes_of(zone)
    moment = draw(st.sampled_from(close) if close and draw(st.booleans()) else some)
    return zone, moment + timedelta(minutes=draw(st.integers(0, 59)))


@given(moments(), st.sampled_from(("it", "en")))
def test_a_letter_s_times_are_those_of_the_tenant_s_clocks(moment, language):
    """Read on the clocks of its zone, what is written means the due time's minute, and no other: in the hour
    that comes twice as well."""
    zone, due_at = moment
    until = due_at + timedelta(days=14)
    local = Calendar(zone).local
    letter = Letter(
        UUID(int=1), "a@example.it", "Anna", language, "Marta", "X", "Uno", local(due_at), local(until), "t"
    )
    text = Mailer("smtp://localhost", "a@example.it", "https://p.example")._letter(letter).get_content()
    written = re.findall(r"(\d+ \w+ \d+, \d\d:\d\d) \((\S+)\)", text)
    assert len(written) == 2
    for (clock, abbreviation), meant in zip(written, (due_at, until), strict=True):
        day, _, time_of_day = clock.partition(", ")
        first = datetime.fromisoformat(f"{DAYS[language][day]} {time_of_day}").replace(tzinfo=ZoneInfo(zone))
        read = {at.astimezone(UTC) for at in (first, first.replace(fold=1)) if at.tzname() == abbreviation}
        assert read == {meant.replace(second=0, microsecond=0)}, (zone, written)
