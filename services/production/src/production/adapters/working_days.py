"""Working days."""

from __future__ import annotations

from datetime import date

from optima_kit.public_holidays import italian_holidays


def is_working_day(day: date) -> bool:
    """Tell whether a day is from Monday to Friday and no Italian national holiday."""
    return day.weekday() < 5 and day not in italian_holidays(day.year)
