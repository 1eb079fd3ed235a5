"""Texts of refusals agree with their numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from optima_kit.http.problems import Catalogue
from optima_kit.refusals import Term

TEXTS = Catalogue(
    {
        "full": {
            "it": "{most:riga|righe} al massimo in {field}.",
            "en": "{most:row|rows} at most in {field}.",
        },
        "lacking": {"it": "Manca {what}.", "en": "{what} is missing."},
        "postal_code": {"it": "il CAP", "en": "the postal code"},
    }
)


@pytest.mark.parametrize(("most", "text"), [(1, "1 riga"), (0, "0 righe"), (200, "200 righe")])
def test_plurals(most, text):
    assert TEXTS.text("full", "it", {"most": most, "field": "x"}) == f"{text} al massimo in x."


def test_a_fact_that_is_missing_is_seen():
    assert TEXTS.text("full", "en", {"field": "x"}) == "{most} rows at most in x."


@pytest.mark.parametrize(
    ("fact", "italian", "english"),
    [
        (Decimal("1500.50"), "1500,5", "1500.5"),
        (Decimal("1E+3"), "1000", "1000"),
        (date(2026, 11, 9), "09/11/2026", "2026-11-09"),
        (Term("postal_code"), "il CAP", "the postal code"),
        ("1.5", "1.5", "1.5"),
    ],
)
def test_facts_are_written_as_the_reader_writes_them(fact, italian, english):
    assert TEXTS.text("lacking", "it", {"what": fact}) == f"Manca {italian}."
    assert TEXTS.text("lacking", "en", {"what": fact}) == f"{english} is missing."
