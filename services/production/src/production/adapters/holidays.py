"""Working days, from the `holidays` library."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays


def is_working_day(day: date) -> bool:
    """Tell whether a day is from Monday to Friday and no Italian national holiday."""
    return day.weekday() < 5 and day not in _holidays_of(day.year)


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("IT", years=year))
