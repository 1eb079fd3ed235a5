"""Numbers as people type them."""

from __future__ import annotations

import pytest

from portal.adapters.amounts import plain_number, typed_number


@pytest.mark.parametrize(
    ("typed", "language", "plain"),
    [
        ("1.250,50", "it", "1250.50"),
        ("1250,5", "it", "1250.5"),
        ("12.500", "it", "12500"),
        ("0,0345", "it", "0.0345"),
        ("€ 3,00", "it", "3.00"),
        ("1.5", "it", "1.5"),
        ("1,250.50", "en", "1250.50"),
        ("1250.5", "en", "1250.5"),
        ("molto", "it", "molto"),
        ("1.25.0", "it", "1.25.0"),
    ],
)
def test_what_was_typed_is_what_the_services_take(typed: str, language: str, plain: str) -> None:
    assert plain_number(typed, language) == plain


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("plain", ["0.0345", "1250.50", "500"])
def test_a_number_that_is_shown_in_a_field_comes_back_as_it_was(plain: str, language: str) -> None:
    assert plain_number(typed_number(plain, language), language) == plain
