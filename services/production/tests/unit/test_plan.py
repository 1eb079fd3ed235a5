"""Phases are planned backwards from the deadline, in working days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from production.adapters.working_days import is_working_day
from production.domain.kinds import PhaseDefinition
from production.domain.plan import LONGEST, Period, Schedule, working_days

DEADLINE = date(2027, 1, 11)
"""A Monday; the Wednesday before it is Epiphany."""


@st.composite
def graphs(draw: st.DrawFn) -> tuple[PhaseDefinition, ...]:
    phases: list[PhaseDefinition] = []
    for place in range(draw(st.integers(1, 7))):
        before = draw(st.sets(st.sampled_from([p.key for p in phases]))) if phases else set()
        days = draw(st.integers(1, 4))
        phases.append(PhaseDefinition(f"p{place}", "P", tuple(sorted(before)), days=days))
    return tuple(draw(st.permutations(phases)))


@given(graphs(), st.dates(date(2026, 1, 1), date(2028, 1, 1)))
def test_each_phase_has_its_working_days_and_ends_before_those_that_wait_for_it_begin(
    phases: tuple[PhaseDefinition, ...], deadline: date
) -> None:
    periods = Schedule(deadline, is_working_day).periods(phases, Decimal(100))
    assert periods.keys() == {phase.key for phase in phases}
    for phase in phases:
        period = periods[phase.key]
        days = [period.start + timedelta(days=n) for n in range((period.end - period.start).days + 1)]
        assert sum(map(is_working_day, days)) == phase.days
        assert is_working_day(period.start)
        assert is_working_day(period.end)
        assert period.end <= deadline
        assert all(periods[before].end < period.start for before in phase.after)


def test_weekends_and_holidays_are_not_worked() -> None:
    phases = (
        PhaseDefinition("taglio", "Taglio", ("stampa",), days=2),
        PhaseDefinition("stampa", "Stampa", days=3),
    )
    assert Schedule(DEADLINE, is_working_day).periods(phases, Decimal(100)) == {
        "taglio": Period(date(2027, 1, 8), DEADLINE),
        "stampa": Period(date(2027, 1, 4), date(2027, 1, 7)),
    }


def test_a_phase_takes_longer_for_a_larger_quantity_but_not_for_ever() -> None:
    sheets = PhaseDefinition("stampa", "Stampa", factor=Decimal(8), days=2, daily_quantity=Decimal(1000))
    assert working_days(sheets, Decimal(100)) == 2
    assert working_days(sheets, Decimal(24001)) == 4
    assert working_days(sheets, Decimal(999_999_999)) == LONGEST
