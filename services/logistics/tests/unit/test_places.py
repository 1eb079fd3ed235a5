"""Out of which places goods are taken, what somebody may name, and what is held back: each rule by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest

from logistics.domain.document_types import GoodsGoTo
from logistics.domain.holds import end_hold, hold
from logistics.domain.places import Pick, Place, expired, take, taken_last, without
from logistics.domain.shipments import Shipment
from logistics.domain.stock import Goods
from optima_kit.refusals import Refusal

from .conftest import JOB, TODAY

OTHER: Final = UUID(int=2)
YESTERDAY, TOMORROW, LATER = date(2026, 11, 23), date(2026, 11, 25), date(2027, 6, 30)
A1, A2, B1 = (Place("BO1", JOB, location, lot) for location, lot in (("A", "1"), ("A", "2"), ("B", "1")))


def lying(**changes: object) -> Goods:
    """Ten in each of three places; lot 1 expires tomorrow, lot 2 later."""
    ten = Decimal(10)
    known = {"on_hand": {A1: ten, A2: ten, B1: ten}, "expiry": {(JOB, "1"): TOMORROW, (JOB, "2"): LATER}}
    return Goods(**{**known, **changes})  # type: ignore[arg-type]


def taken(goods: Goods, quantity: int) -> list[tuple[str, str, int]]:
    return [(p.location, p.lot, int(p.quantity)) for p in goods.take("BO1", JOB, Decimal(quantity), TODAY)]


def refusal_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def test_what_expires_first_goes_first_and_then_by_location() -> None:
    assert taken(lying(), 25) == [("A", "1", 10), ("B", "1", 10), ("A", "2", 5)]


def test_what_never_expires_goes_last() -> None:
    assert taken(lying(expiry={(JOB, "2"): LATER}), 25) == [("A", "2", 10), ("A", "1", 10), ("B", "1", 5)]


def test_of_what_expires_alike_the_first_location_goes_first() -> None:
    there = {Place("BO1", JOB, "B", "1"): Decimal(1), Place("BO1", JOB, "A", "9"): Decimal(1)}
    assert [pick.location for pick in take(there, {}, Decimal(2), TODAY)] == ["A", "B"]


def test_there_is_no_more_than_there_is() -> None:
    assert sum(each[2] for each in taken(lying(), 40)) == 30


@pytest.mark.parametrize(("until", "gone"), [(YESTERDAY, True), (TODAY, False), (None, False)])
def test_goods_expire_after_their_last_day(until: date | None, gone: bool) -> None:
    assert expired(until, TODAY) is gone
    there = {A1: Decimal(3)}
    assert len(take(there, {(JOB, "1"): until} if until else {}, Decimal(3), TODAY)) == (0 if gone else 1)


def test_what_is_held_or_picked_by_name_is_not_taken_for_others() -> None:
    goods = lying(held={A1: Decimal(10)}, picked={B1: Decimal(4)})
    assert taken(goods, 30) == [("B", "1", 6), ("A", "2", 10)]


def test_what_is_free_is_neither_held_back_nor_reserved() -> None:
    """Of thirty in a warehouse; below zero where a count took what was promised."""
    goods = lying(held={A1: Decimal(4)}, reserved={("BO1", JOB): Decimal(5)})
    assert (goods.usable("BO1", JOB), goods.free("BO1", JOB)) == (Decimal(26), Decimal(21))
    assert replace(goods, on_hand={A1: Decimal(6)}).free("BO1", JOB) == Decimal(-3)


def test_other_goods_and_warehouses_are_not_taken() -> None:
    far = {Place("BO2", JOB): Decimal(9), Place("BO1", OTHER): Decimal(9)}
    assert taken(Goods(on_hand=far), 5) == []


def test_what_comes_back_is_what_was_picked_last() -> None:
    picks = [Pick(JOB, Decimal(5), "A", "1"), Pick(JOB, Decimal(3), "B", "1")]
    assert [(p.location, p.quantity) for p in taken_last(picks, Decimal(4))] == [("B", 3), ("A", 1)]
    assert [(p.location, p.quantity) for p in without(picks, [picks[1]])] == [("A", 5), ("B", 0)]


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 10),
        ({"held": {A1: Decimal(3)}}, 7),
        ({"picked": {A1: Decimal(4)}}, 6),
        # What is reserved may be taken from any place: of thirty, twenty-five.
        ({"reserved": {("BO1", JOB): Decimal(25)}}, 5),
    ],
)
def test_what_is_free_in_a_place_may_be_held_back_and_no_more(changes: dict[str, object], most: int) -> None:
    goods = lying(**changes)
    how = {"hold_id": UUID(int=9), "place": A1, "reason": "Colore"}
    assert hold(goods, quantity=Decimal(most), **how).quantity == most  # type: ignore[arg-type]
    with pytest.raises(Refusal) as refused:
        hold(goods, quantity=Decimal(most + 1), **how)  # type: ignore[arg-type]
    assert refusal_of(refused) == "goods_not_free"


def test_a_hold_ends_where_it_is() -> None:
    goods = lying(held={A1: Decimal(3), B1: Decimal(8)})
    ended = end_hold(
        goods, hold_id=UUID(int=9), place=A1, ending="released", quantity=Decimal(3), reason="Ok"
    )
    assert ended.quantity == -3
    with pytest.raises(Refusal) as refused:
        end_hold(goods, hold_id=UUID(int=9), place=A1, ending="scrapped", quantity=Decimal(4), reason="Ok")
    assert refusal_of(refused) == "quantity_beyond_held"


@pytest.mark.parametrize(
    ("picks", "changes", "refusal"),
    [
        ([Pick(JOB, Decimal(10), "A", "1"), Pick(JOB, Decimal(10), "B", "1")], {}, None),
        ([Pick(OTHER, Decimal(1), "A", "1")], {}, "job_not_in_shipment"),
        ([Pick(JOB, Decimal(11), "A", "1")], {}, "goods_not_there"),
        ([Pick(JOB, Decimal(1), "C", "1")], {}, "goods_not_there"),
        ([Pick(JOB, Decimal(6), "A", "1")] * 2, {}, "goods_not_there"),
        ([Pick(JOB, Decimal(8), "A", "1")], {"held": {A1: Decimal(3)}}, "goods_not_there"),
        ([Pick(JOB, Decimal(8), "A", "1")], {"picked": {A1: Decimal(3)}}, "goods_not_there"),
    ],
)
def test_what_is_named_lies_there_and_is_free(
    shipment: Shipment, picks: list[Pick], changes: dict[str, object], refusal: str | None
) -> None:
    if refusal is None:
        assert shipment.name_picks(picks, lying(**changes), TODAY).picks == tuple(picks)
        return
    with pytest.raises(Refusal) as refused:
        shipment.name_picks(picks, lying(**changes), TODAY)
    assert refusal_of(refused) == refusal


def test_no_more_is_named_than_the_line_says(shipment: Shipment) -> None:
    small = replace(shipment, lines=(replace(shipment.lines[0], quantity=Decimal(12)),))
    picks = [Pick(JOB, Decimal(10), "A", "1"), Pick(JOB, Decimal(3), "B", "1")]
    with pytest.raises(Refusal) as refused:
        small.name_picks(picks, lying(), TODAY)
    assert (refusal_of(refused), refused.value.facts["left"]) == ("quantity_beyond_line", Decimal(2))


def test_what_it_has_picked_already_is_its_own(shipment: Shipment) -> None:
    mine = replace(shipment, picks=(Pick(JOB, Decimal(10), "A", "1"),))
    goods = lying(picked={A1: Decimal(10)})
    assert mine.name_picks([Pick(JOB, Decimal(9), "A", "1")], goods, TODAY).picks[0].quantity == 9


@pytest.mark.parametrize(
    ("to", "refused"),
    [(GoodsGoTo.RECIPIENT, True), (GoodsGoTo.THIRD_PARTY, False), (GoodsGoTo.WAREHOUSE, False)],
)
def test_what_has_expired_becomes_nobodys(shipment: Shipment, to: GoodsGoTo, refused: bool) -> None:
    """It may still be moved, or be sent to whoever works on it."""
    old, going = Pick(JOB, Decimal(1), "A", "1", YESTERDAY), replace(shipment, goods_go_to=to)
    if not refused:
        assert going.name_picks([old], lying(), TODAY).picks == (old,)
        return
    with pytest.raises(Refusal) as raised:
        going.name_picks([old], lying(), TODAY)
    assert refusal_of(raised) == "lot_expired"


def test_the_rest_is_taken_as_it_expires(shipment: Shipment) -> None:
    wanted = replace(shipment.lines[0], quantity=Decimal(14))
    named = replace(shipment, lines=(wanted,), picks=(Pick(JOB, Decimal(4), "A", "2"),))
    made = named.picks_to_make(lying(picked={A2: Decimal(4)}), TODAY)
    assert [(p.location, p.lot, int(p.quantity)) for p in made] == [("A", "2", 4), ("A", "1", 10)]
