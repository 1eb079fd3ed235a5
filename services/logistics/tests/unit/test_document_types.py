"""A document type says one thing about goods and order: no combination contradicts itself."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from logistics.adapters.document_types import BUILT_IN
from logistics.domain.document_types import (
    Counterparty,
    Direction,
    DocumentType,
    GoodsGoTo,
    contradictions,
    series_for,
)
from optima_kit.refusals import Invalid

EVERY = [
    DocumentType("x", "X", *facts)
    for facts in product(
        get_args(Direction), get_args(Counterparty), *[(True, False)] * 3, (None, 30), (None, "A")
    )
]


@pytest.mark.parametrize("code", sorted(BUILT_IN))
def test_no_type_that_comes_with_the_product_contradicts_itself(code: str) -> None:
    assert list(contradictions(BUILT_IN[code])) == []


def test_of_every_combination_only_those_without_contradiction_are_left() -> None:
    sound = [kind for kind in EVERY if not list(contradictions(kind))]
    assert 0 < len(sound) < len(EVERY)
    for kind in sound:
        internal = kind.direction == "internal"
        assert internal == (kind.goods_go_to is GoodsGoTo.WAREHOUSE)
        if internal or kind.direction == "in" or kind.counterparty == "supplier":
            assert not kind.closes_order_line
            assert not kind.to_be_invoiced
        if kind.to_be_invoiced:
            assert kind.goods_go_to is GoodsGoTo.RECIPIENT
        if kind.return_days is not None:
            assert (kind.direction, kind.goods_go_to) == ("out", GoodsGoTo.THIRD_PARTY)


def test_each_contradiction_names_a_field_of_the_type() -> None:
    named = {refusal.field for kind in EVERY for refusal in contradictions(kind)}
    assert named == {"counterparty", "ownership_passes", "to_be_invoiced", "closes_order_line", "return_days"}


@pytest.mark.parametrize(
    ("fixed", "asked", "series"),
    [(None, None, ""), (None, "B", "B"), ("A", None, "A"), ("A", "A", "A")],
)
def test_a_type_may_have_a_series_of_its_own(fixed: str | None, asked: str | None, series: str) -> None:
    assert series_for(DocumentType("x", "X", series=fixed), asked) == series


def test_a_document_is_not_numbered_in_another_series_than_its_types() -> None:
    with pytest.raises(Invalid, match="series_of_document_type at series"):
        series_for(DocumentType("x", "X", series="A"), "B")
