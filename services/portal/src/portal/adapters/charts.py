"""Where the marks of a chart stand. Templates draw them as SVG, and the table beneath says the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Final

_COMPARED: Final = 12
"""Bars are for comparing at a glance; the table beneath has the rest."""


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


@dataclass(frozen=True, slots=True)
class Bar:
    """One of several bars that are compared: what it is about, its value as written, and its part of the
    chart's width, in percent."""

    name: str
    value: str
    percent: Decimal


def bars(rows: Iterable[tuple[str, Decimal, str]], most: Decimal | None = None) -> list[Bar]:
    """Of names, values and how these are written: the first twelve. The whole width is `most` or, without it,
    the largest value; what is below zero has no bar."""
    listed = list(islice(rows, _COMPARED))
    whole = most or max((value for _, value, _ in listed), default=Decimal(0))
    return [
        Bar(name, written, max(value, Decimal(0)) * 100 / whole if whole > 0 else Decimal(0))
        for name, value, written in listed
    ]
