"""What follows from a unit price, and how a quantity is written, is the same for every service."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optima_contracts.money import amount_of, money_text
from optima_contracts.quantities import quantity_text

QUANTITIES = st.decimals("0.001", "999999999", places=3)
UNIT_PRICES = st.decimals(0, "999999999", places=4)


@pytest.mark.parametrize(
    ("written", "plain"),
    [("1250", "1250.00"), ("1250.5", "1250.50"), ("0.0345", "0.0345"), ("0", "0.00"), ("1E+3", "1000.00")],
)
def test_money_has_at_least_two_decimals(written: str, plain: str) -> None:
    assert money_text(Decimal(written)) == plain


@given(UNIT_PRICES)
def test_money_is_what_was_written(price: Decimal) -> None:
    assert Decimal(money_text(price)) == price


@given(QUANTITIES, UNIT_PRICES)
def test_an_amount_is_less_than_a_cent_from_the_product(quantity: Decimal, unit_price: Decimal) -> None:
    amount = amount_of(quantity, unit_price)
    assert amount == round(amount, 2)
    assert -Decimal("0.005") < amount - quantity * unit_price <= Decimal("0.005")


@pytest.mark.parametrize(
    ("quantity", "text"),
    [("500.000", "500"), ("5E+2", "500"), ("0.125", "0.125"), ("-3.000", "-3"), ("0.000", "0")],
)
def test_equal_quantities_are_written_alike(quantity: str, text: str) -> None:
    assert quantity_text(Decimal(quantity)) == text
