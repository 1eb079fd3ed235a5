"""Texts of refusals agree with their numbers."""

from __future__ import annotations

import pytest

from optima_kit.http.problems import Catalogue

TEXTS = Catalogue(
    {"full": {"it": "{most:riga|righe} al massimo in {field}.", "en": "{most:row|rows} at most in {field}."}}
)


@pytest.mark.parametrize(("most", "text"), [(1, "1 riga"), (0, "0 righe"), (200, "200 righe")])
def test_plurals(most, text):
    assert TEXTS.text("full", "it", {"most": most, "field": "x"}) == f"{text} al massimo in x."


def test_a_fact_that_is_missing_is_seen():
    assert TEXTS.text("full", "en", {"field": "x"}) == "{most} rows at most in x."
