"""Plans of phases: backwards from the deadline, in working days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Final

from .kinds import PhaseDefinition

LONGEST: Final = 120
"""The most working days that a phase is planned for, whatever its quantity."""


class Lateness(StrEnum):
    """How late a phase is that is not over."""

    LATE = "late"
    """It should have ended."""
    BEHIND = "behind"
    """It should have begun, but may still end in time."""
    ON_TIME = "on_time"


@dataclass(frozen=True, slots=True)
class Period:
    """A range of days, both included."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Schedule:
    """The deadline of an order, and the days on which its phases may be planned."""

    deadline: date
    is_working_day: Callable[[date], bool]

    def periods(self, phases: Sequence[PhaseDefinition], quantity: Decimal) -> dict[str, Period]:
        """Return by key the latest days on which each phase may be worked on if the deadline is to be kept. A
        phase ends on the working day before the first of the phases that wait for it. `quantity` is the
        job's."""
        found: dict[str, Period] = {}
        while len(found) < len(phases):
            for phase in phases:
                followers = [other.key for other in phases if phase.key in other.after]
                if phase.key in found or any(key not in found for key in followers):
                    continue
                latest = min((found[key].start - _DAY for key in followers), default=self.deadline)
                end = self._last_working_day(latest)
                found[phase.key] = Period(self._start(end, working_days(phase, quantity)), end)
        return found

    def _start(self, end: date, days: int) -> date:
        for _ in range(days - 1):
            end = self._last_working_day(end - _DAY)
        return end

    def _last_working_day(self, until: date) -> date:
        while not self.is_working_day(until):
            until -= _DAY
        return until


_DAY: Final = timedelta(days=1)


def working_days(phase: PhaseDefinition, quantity: Decimal) -> int:
    """Return how many working days the phase takes for this quantity of its job."""
    if phase.daily_quantity is None:
        return phase.days
    needed = (quantity / phase.factor / phase.daily_quantity).to_integral_value(ROUND_CEILING)
    return max(phase.days, int(min(needed, Decimal(LONGEST))))
