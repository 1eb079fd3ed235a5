"""An order that comes again is the same one, and another of its number is not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

import pytest

from erp_bridge.adapters.mappings import connector_mapping
from erp_bridge.domain.import_plan import RemoteRecord
from erp_bridge.domain.known_order import KnownOrder, KnownOrders
from erp_bridge.domain.received_order import LINES, ReceivedOrder, read_order

MAPPING: Final = connector_mapping("drop_folder.yaml").of("received_order")
MARCH: Final = UUID(int=1_772_452_800_000 << 80)
"""An id that was made on 2 March 2026."""
LINE: Final = {"tipo": "volantino", "descrizione": "A5", "quantita": "10", "unita_misura": "pz"}


def told(number: str = "1", deadline: str = "15/05/2026", **more: str) -> ReceivedOrder:
    values = {"numero_ordine": number, "codice_cliente": "C1", "data_consegna": deadline, **more}
    return read_order(MAPPING, RemoteRecord({**values, LINES: [{**values, **LINE}]}))


def kept(order: ReceivedOrder, order_id: UUID = MARCH) -> KnownOrder:
    return KnownOrder(order_id, order.remote_id, order.code, order.content_hash, order.day)


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
    known = KnownOrders([kept(second, UUID(int=2)), kept(FIRST, UUID(int=3))])
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
