"""Quantities of articles in other units than that in which their stock is counted."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.domain.articles import MOST, Article
from optima_kit.refusals import Invalid

counts = st.decimals(min_value=Decimal("0.001"), max_value=Decimal("999999999.999"), places=3)


def article(holds: Decimal) -> Article:
    return Article(UUID(int=1), "ESP", "Espositore", "pz", conversions={"conf": holds})


@pytest.mark.parametrize(
    ("quantity", "holds", "outcome"),
    [
        ("2", "12", "24"),
        ("0.5", "12", "6.0"),
        ("0.001", "0.5", "quantity_too_fine"),
        ("999999999", "1", "999999999"),
        ("999999999.999", "999999999.999", "quantity_too_fine"),
        ("999999999", "2", "quantity_too_great"),
        ("999999999", "999999999", "quantity_too_great"),
    ],
)
def test_a_quantity_is_converted_or_refused(quantity: str, holds: str, outcome: str) -> None:
    try:
        converted = article(Decimal(holds)).in_own_unit(Decimal(quantity), "conf", field="lines[0]")
    except Invalid as refusal:
        assert (refusal.code, refusal.field) == (outcome, "lines[0].quantity")  # noqa: PT017
    else:
        assert str(converted) == outcome


@given(quantity=counts, holds=counts)
def test_whatever_is_converted_has_room_in_the_ledger(quantity: Decimal, holds: Decimal) -> None:
    try:
        converted = article(holds).in_own_unit(quantity, "conf", field="lines[0]")
    except Invalid:
        return
    assert converted <= MOST
    assert converted == round(converted, 3)


def test_its_own_unit_is_known_however_it_is_written() -> None:
    assert article(Decimal(12)).in_own_unit(Decimal(5), "PZ", field="lines[0]") == 5
    screws = Article(UUID(int=2), "VITI", "Viti", "m", conversions={"M": Decimal(1000)})
    assert screws.in_own_unit(Decimal(5), "M", field="lines[0]") == 5000


def test_a_unit_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Invalid, match="unit_unknown") as refusal:
        article(Decimal(1)).in_own_unit(Decimal(1), "bancale", field="lines[0]")
    assert refusal.value.facts["known"] == "pz, conf"
