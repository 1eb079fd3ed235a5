"""Numbers, amounts and days, as Babel writes them from what Unicode collected."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from optima_kit.written import written_day, written_moment, written_month
from portal.adapters.rendering import texts_of
from portal.adapters.written import written_amount, written_number

from .test_texts import FOLDER

NUMBERS = ("0", "-3", "1234", "1234567.891", "0.5", "1E+3", "12.3400", "-1234.5", "0.123456")


@pytest.mark.parametrize("language", ["it", "en"])
def test_numbers_and_amounts(language: str) -> None:
    for value in map(Decimal, NUMBERS):
        number = format_decimal(value, locale=language, decimal_quantization=False)
        assert written_number(value, language) == number
    for value in map(Decimal, ("0", "7875", "-1234.5", "999999.99")):
        assert written_amount(value, language) == format_currency(value, "EUR", locale=language)
    assert written_amount(Decimal("0.1234"), language) in ("0,1234\N{NO-BREAK SPACE}€", "€0.1234")


@pytest.mark.parametrize("language", ["it", "en"])
def test_days(language: str) -> None:
    for month in range(1, 13):
        at = datetime.fromisoformat(f"2026-{month:02}-05T09:03")
        assert written_day(at.date(), language) == format_date(at, "d MMM y", locale=language)
        assert written_month(at.date(), language) == format_date(at, "LLLL y", locale=language)
        assert written_moment(at, language) == format_datetime(at, "d MMM y, HH:mm", locale=language)


def test_a_catalogue_is_read_as_babel_reads_it() -> None:
    file = FOLDER / "locale" / "it.po"
    with file.open("rb") as opened:
        known = [each for each in read_po(opened) if each.id and each.string]
    texts = {each.id if isinstance(each.id, str) else each.id[0]: each.string for each in known}
    with file.open(encoding="utf-8") as lines:
        read = texts_of(lines)
    assert read == {said: [meant] if isinstance(meant, str) else [*meant] for said, meant in texts.items()}
