"""Quantities of articles in other units than that in which their stock is counted."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.domain.articles import MOST, Article, contradictions
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


def ribbon(holds: dict[str, int]) -> Article:
    conversions = {unit: Decimal(each) for unit, each in holds.items()}
    return Article(UUID(int=2), "NASTRO", "Nastro", "m", conversions=conversions)


@pytest.mark.parametrize(
    ("known", "asked", "refused"),
    [
        (None, {"mille": 1000, "km": 1000}, []),
        (None, {"M": 1000}, [("M", "m")]),
        (None, {"rot": 50, "ROT": 60, "Rot": 70}, [("ROT", "rot"), ("Rot", "rot")]),
        ({"M": 1000}, {"M": 1000, "rot": 50}, []),
        ({"M": 1000}, {"M": 100}, [("M", "m")]),
        ({"ROT": 60}, {"rot": 50, "ROT": 60}, [("rot", "ROT")]),
        ({"rot": 50}, {"ROT": 60, "rot": 50}, [("ROT", "rot")]),
        ({"rot": 50}, {"ROT": 60, "rot": 55}, [("ROT", "rot")]),
        ({"rot": 50, "ROT": 60}, {"rot": 55, "ROT": 60}, [("rot", "ROT")]),
        ({"rot": 50, "ROT": 60}, {"ROT": 60, "rot": 50}, []),
    ],
)
def test_no_two_of_its_units_differ_only_in_capitals(
    known: dict[str, int] | None, asked: dict[str, int], refused: list[tuple[str, str]]
) -> None:
    """An ERP's line of 5 M could be meant as either."""
    found = list(contradictions(ribbon(asked), None if known is None else ribbon(known)))
    assert [(each.code, each.facts["unit"], each.facts["other"]) for each in found] == [
        ("conversion_differs_by_case", unit, other) for unit, other in refused
    ]


def test_a_conversion_that_was_stored_before_is_read_as_it_is_written() -> None:
    assert ribbon({"M": 1000}).in_own_unit(Decimal(5), "M", field="lines[0]") == 5000


def test_a_unit_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Invalid, match="unit_unknown") as refusal:
        article(Decimal(1)).in_own_unit(Decimal(1), "bancale", field="lines[0]")
    assert refusal.value.facts["known"] == "pz, conf"
