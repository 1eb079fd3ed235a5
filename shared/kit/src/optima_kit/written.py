"""Writes days and moments in Italian and in English."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

_MONTHS: Final = {
    "it": (
        *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
        *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


def written_day(day: date, language: str) -> str:
    return f"{day.day} {_MONTHS[language][day.month - 1][:3]} {day.year}"


def written_month(day: date, language: str) -> str:
    return f"{_MONTHS[language][day.month - 1]} {day.year}"


def written_moment(at: datetime, language: str) -> str:
    return f"{written_day(at.date(), language)}, {at:%H:%M}"
