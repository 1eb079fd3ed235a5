"""Tables for spreadsheets run nothing, and lose nothing."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optima_kit.spreadsheets import csv_text, guarded, restored


@pytest.mark.parametrize("cell", ["=1+1", "+SUM(A1)", "-2+3", "@x", "\tx", "\r=1", "\n=1"])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["2026-11-24", "-2", "+39", "-1.234,50", "", "Rossi & C."])
def test_numbers_and_texts_stay_as_they_are(cell: str) -> None:
    assert guarded(cell) == cell


@given(st.text(alphabet="=+-@'1,.a;\"\t\r\n"))
def test_every_text_comes_back(text: str) -> None:
    if not text.startswith("'"):
        assert restored(guarded(text)) == text
    (row,) = csv.reader(io.StringIO(csv_text([[text, None]]), newline=""), delimiter=";")
    assert row == [guarded(text), ""]
