"""An order that comes again is the same one, and another of its number is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

import pytest

from erp_bridge.adapters.mappings import connector_mapping
from erp_bridge.domain.import_plan import RemoteRecord
from erp_bridge.domain.known_order import KnownOrder, KnownOrders, settled_by
from erp_bridge.domain.received_order import LINES, ReceivedOrder, read_order

MAPPING: Final = connector_mapping("drop_folder.yaml").of("received_order")
MARCH: Final = UUID(int=1_772_452_800_000 << 80)
"""An id that was made on 2 March 2026."""
LINE: Final = {"tipo": "volantino", "descrizione": "A5", "quantita": "10", "unita_misura": "pz"}


def told(number: str = "1", deadline: str = "15/05/2026", **more: str) -> ReceivedOrder:
    values = {"numero_ordine": number, "codice_cliente": "C1", "data_consegna": deadline, **more}
    return read_order(MAPPING, RemoteRecord({**values, LINES: [{**values, **LINE}]}))


def kept(order: ReceivedOrder, order_id: UUID = MARCH) -> KnownOrder:
    return KnownOrder(order_id, order.number, order.code, order.content_hash, order.day, order.year)


FIRST: Final = told(data_ordine="02/03/2026")
UNDATED: Final = told()
LATER: Final = {"deadline": "15/06/2027"}


@pytest.mark.parametrize(
    ("known", "order", "same"),
    [
        pytest.param(FIRST, told(data_ordine="02/03/2026"), True, id="again"),
        pytest.param(FIRST, told(data_ordine="3.3.26", **LATER), True, id="another day, changed"),
        pytest.param(FIRST, told(data_ordine="04/01/2027", **LATER), False, id="of the next year"),
        pytest.param(FIRST, told(data_ordine="02/03/2025"), True, id="its year was mended"),
        pytest.param(FIRST, told(**LATER), True, id="no year any more"),
        pytest.param(FIRST, told("2", data_ordine="02/03/2026"), False, id="another number"),
        pytest.param(UNDATED, told(), True, id="never a year"),
        pytest.param(UNDATED, told(**LATER), True, id="never a year, changed"),
        pytest.param(UNDATED, told(data_ordine="02/03/2026", **LATER), True, id="a year now, changed"),
        pytest.param(UNDATED, told(data_ordine="04/01/2027", **LATER), False, id="made after it came"),
        pytest.param(UNDATED, told(data_ordine="04/01/2027"), True, id="a year now, as it was"),
        pytest.param(UNDATED, told(anno_ordine="2026", **LATER), True, id="a year alone, changed"),
        pytest.param(UNDATED, told(anno_ordine="2027", **LATER), False, id="a later year alone"),
        pytest.param(UNDATED, told(anno_ordine="26/27", **LATER), True, id="a year of nobody's calendar"),
        pytest.param(told(anno_ordine="26"), told(anno_ordine="2026", **LATER), True, id="a short year"),
        pytest.param(
            told(anno_ordine="2025/26"),
            told(anno_ordine="2026/27", data_ordine="01/07/2026", **LATER),
            False,
            id="numbers begin anew in July",
        ),
    ],
)
def test_an_order_is_known_by_its_number_in_a_year(
    known: ReceivedOrder, order: ReceivedOrder, same: bool
) -> None:
    found = KnownOrders([kept(known)]).counterpart(order, {order.remote_id})
    assert (found is not None) == same


def test_two_orders_that_the_erp_has_are_two_however_alike() -> None:
    second = told(data_ordine="02/03/2027")
    known = KnownOrders([kept(FIRST)])
    assert known.counterpart(second, {FIRST.remote_id, second.remote_id}) is None


def test_of_orders_alike_one_follows_the_mended_date_and_the_other_is_new() -> None:
    known = KnownOrders([kept(UNDATED)])
    both = [told(data_ordine="02/03/2026"), told(data_ordine="02/03/2027")]
    together = {each.remote_id for each in both}
    first = known.counterpart(both[0], together)
    assert first is not None
    known.put(first.as_told(both[0]))
    assert known.counterpart(both[1], together) is None


def test_who_tells_no_year_means_the_last_of_its_number() -> None:
    second = told(data_ordine="02/03/2027", **LATER)
    known = KnownOrders([replace(kept(second, UUID(int=2)), remote_id="1 (2027)"), kept(FIRST, UUID(int=3))])
    found = known.counterpart(told(), {"1"})
    assert found is not None
    assert (found.day, found.year) == (date(2027, 3, 2), "2027")
    # Beside those that tell theirs nobody knows which it is.
    assert known.counterpart(told(), {"1", "1 (2028)"}) is None


def test_a_record_with_an_id_is_told_by_it_alone() -> None:
    values: Mapping[str, object] = {"numero_ordine": "1", LINES: [LINE]}
    with_id = read_order(MAPPING, RemoteRecord(values, remote_id="77"))
    known = KnownOrders([kept(FIRST), KnownOrder(MARCH, "77", "9", "hash")])
    found = known.counterpart(with_id, {"77"})
    assert found is not None
    assert found.code == "9"
    assert known.counterpart(read_order(MAPPING, RemoteRecord(values, remote_id="78")), {"78"}) is None


def test_a_bare_number_stays_for_the_release_before_and_who_takes_it_again_has_its_year() -> None:
    """That release looks an order up by its number alone."""
    link = kept(UNDATED)
    now = link.as_told(FIRST)
    assert (now.remote_id, now.year, now.name) == ("1", "2026", "1 (2026)")
    known = KnownOrders([now])
    assert known.counterpart(FIRST, {FIRST.remote_id}) == now
    second = told(data_ordine="04/01/2027", **LATER)
    assert known.counterpart(second, {second.remote_id}) is None
    assert known.free_id(second) == "1 (2027)"
    assert KnownOrders([]).free_id(second) == "1"
    known.put(replace(kept(second, UUID(int=2)), remote_id="1 (2027)"))
    assert known.free_id(second) == ""
    # Whose date is mended takes no other's name.
    mended = told(data_ordine="04/01/2028", **LATER)
    found = known.counterpart(mended, {mended.remote_id})
    assert found is not None
    assert found.as_told(mended).remote_id == "1 (2028)"


CANCELLED_BEFORE: Final = told(data_ordine="04/02/2025", deadline="15/03/2025", stato="annullato")
CHANGED: Final = told(data_ordine="02/03/2026", **LATER)


@pytest.mark.parametrize(
    ("orders", "taken"),
    [
        pytest.param([CANCELLED_BEFORE, FIRST], "1 (2026)", id="its content"),
        pytest.param([CANCELLED_BEFORE, CHANGED], "1 (2026)", id="the newest"),
        pytest.param(
            [told(data_ordine="20/12/2025"), told(data_ordine="08/01/2026", **LATER)], "1 (2025)", id="older"
        ),
        pytest.param([FIRST, told(data_ordine="02/03/2027")], "1 (2026)", id="alike"),
        pytest.param([told(data_ordine="02/03/2027"), CHANGED], "1 (2026)", id="made after it came"),
    ],
)
def test_of_all_of_a_number_the_likeliest_is_the_one_that_was_kept_without_a_year(
    orders: list[ReceivedOrder], taken: str
) -> None:
    for those in (orders, orders[::-1]):
        known = KnownOrders([kept(UNDATED)])
        first = those[known.in_turn(those)[0]]
        assert first.remote_id == taken
        assert known.counterpart(first, {each.remote_id for each in those}) is not None


def test_what_waits_under_a_bare_number_is_settled_by_its_own_order_alone() -> None:
    waiting = {("1", UNDATED.content_hash)}
    assert settled_by(FIRST, None, waiting) == ["1", "1 (2026)"]
    assert settled_by(CHANGED, None, waiting) == ["1 (2026)"]
    assert settled_by(CHANGED, kept(FIRST), waiting) == ["1 (2026)"]
    # While its link had no year, what was said of it stood under the number.
    assert settled_by(CHANGED, kept(UNDATED), ()) == ["1", "1 (2026)"]


def test_an_order_that_cannot_be_read_is_known_by_its_year_where_that_can_be() -> None:
    assert told(data_ordine="02/03/2027", deadline="presto").remote_id == "1 (2027)"
    unread = told(data_ordine="31/02/2027")
    assert unread.remote_id == "1"
    # It may be any of its number, and is taken for none.
    assert KnownOrders([kept(FIRST)]).counterpart(unread, {"1"}) is None
