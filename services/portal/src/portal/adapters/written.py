"""Numbers, amounts and days as they are written in Italian and in English."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
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


def written_number(value: Decimal, language: str, *, decimals: int | None = None) -> str:
    """With its thousands apart; with so many decimals where they are given, else with as many as it has."""
    if decimals is None:
        plain = f"{value:,f}"
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    else:
        plain = f"{value:,.{decimals}f}"
    return plain.translate(str.maketrans(".,", ",.")) if language == "it" else plain


def written_amount(value: Decimal, language: str) -> str:
    """In euro, with two decimals, or more where a price has them."""
    decimals = max(2, -int(value.as_tuple().exponent))
    if language == "it":
        return f"{written_number(value, language, decimals=decimals)}\N{NO-BREAK SPACE}€"
    return f"{'-' if value < 0 else ''}€{written_number(abs(value), language, decimals=decimals)}"


def written_day(day: date, language: str) -> str:
    return f"{day.day} {_MONTHS[language][day.month - 1][:3]} {day.year}"


def written_month(day: date, language: str) -> str:
    return f"{_MONTHS[language][day.month - 1]} {day.year}"


def written_moment(at: datetime, language: str) -> str:
    return f"{written_day(at.date(), language)}, {at:%H:%M}"
