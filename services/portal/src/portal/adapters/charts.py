"""Where the marks of a chart stand. Templates draw them as SVG, and the table beneath says the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Span:
    """A bar of some days, as counted from the chart's first."""

    start: int
    days: int


def spans(periods: Iterable[tuple[date, date]], first: date, days: int) -> list[Span]:
    """The part of each period, both days included, that a chart of so many days shows: a day at least."""
    shown = []
    for start, end in periods:
        left = min(max((start - first).days, 0), days - 1)
        right = min(max((end - first).days, left), days - 1)
        shown.append(Span(left, right - left + 1))
    return shown
