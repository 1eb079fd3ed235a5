"""Positions of a chart's marks. Templates draw them as SVG above a table with the same content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Final

_COMPARED: Final = 12
"""How many bars a chart shows at most, so that they can be compared at a glance; the table has the rest."""


@dataclass(frozen=True, slots=True)
class Span:
    """A bar over some days; `start` counts from the chart's first day."""

    start: int
    days: int


def spans(periods: Iterable[tuple[date, date]], first: date, days: int) -> list[Span]:
    """Return the part of each period that a chart of `days` days shows, at least one day. Both ends of a
    period are included."""
    shown = []
    for start, end in periods:
        left = min(max((start - first).days, 0), days - 1)
        right = min(max((end - first).days, left), days - 1)
        shown.append(Span(left, right - left + 1))
    return shown


@dataclass(frozen=True, slots=True)
class Bar:
    """One of several bars that are compared: its name, its formatted value, and its share of the chart's
    width in percent."""

    name: str
    value: str
    percent: Decimal


def bars(rows: Iterable[tuple[str, Decimal, str]], most: Decimal | None = None) -> list[Bar]:
    """Return bars for the first twelve rows of name, value and formatted value. The whole width stands for
    `most` or, if it is not given, for the largest value. Negative values get a bar of no width."""
    listed = list(islice(rows, _COMPARED))
    whole = most or max((value for _, value, _ in listed), default=Decimal(0))
    return [
        Bar(name, written, max(value, Decimal(0)) * 100 / whole if whole > 0 else Decimal(0))
        for name, value, written in listed
    ]
