"""What the law asks of a transport document, one thing at a time; and its number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.domain.ddt import MOST_CHARACTERS, Parts, Series, advisable, compose, printed_number
from logistics.domain.document_types import GoodsGoTo
from logistics.domain.orders import CarriedGoods
from logistics.domain.places import Pick, Place
from logistics.domain.shipments import Shipment, Transport
from logistics.domain.stock import Goods
from optima_kit.refusals import Invalid, Refusal, Violations, WrongState

from .conftest import JOB, NOW, TODAY, changed


def problems(parts: Parts, series: Series | None = None, issue_date: date = TODAY) -> list[tuple[str, str]]:
    """Code and field of everything that stands in the way."""
    try:
        compose(parts, series or Series(issue_date.year, ""), issue_date=issue_date, today=TODAY, now=NOW)
    except Violations as several:
        return [(each.code, each.field or "") for each in several.refusals]
    except Refusal as one:
        return [(one.code, one.field or "")]
    return []


def test_a_complete_document_is_composed(parts: Parts) -> None:
    document = compose(parts, Series(2026, "A", 11, TODAY), issue_date=TODAY, today=TODAY, now=NOW)
    assert (document.number, document.progressive, document.year) == ("12/A/2026", 12, 2026)
    assert document.carrier is not None
    assert document.lines[0].description == "Espositore da banco"
    assert document.lines[0].quantity == Decimal(60)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("sender", None, ("sender_unknown", "sender")),
        ("sender.identity.name", " ", ("sender_incomplete", "sender.name")),
        ("sender.identity.street", "", ("sender_incomplete", "sender.street")),
        ("sender.identity.postal_code", "", ("sender_incomplete", "sender.postal_code")),
        ("sender.identity.city", "", ("sender_incomplete", "sender.city")),
        ("sender.identity.province", "", ("sender_incomplete", "sender.province")),
        ("destination", None, ("destination_unknown", "destination")),
        ("destination.recipient.name", "", ("recipient_incomplete", "recipient.name")),
        ("destination.recipient.street", "", ("recipient_incomplete", "recipient.street")),
        ("destination.recipient.vat_number", None, ("recipient_incomplete", "recipient.vat_number")),
        ("destination.address.street", "", ("delivery_address_incomplete", "delivery_address.street")),
        ("destination.address.city", "", ("delivery_address_incomplete", "delivery_address.city")),
        ("document_type", None, ("document_type_missing", "document_type")),
        ("document_type.text", " ", ("document_type_missing", "document_type")),
        ("carrier", None, ("carrier_missing", "carrier")),
        ("carrier.identity.city", "", ("carrier_incomplete", "carrier.city")),
        ("shipment.transport.by", "mittente", ("carrier_not_expected", "carrier")),
        ("shipment.lines", (), ("lines_missing", "lines")),
        ("goods", Goods(), ("stock_not_enough", "lines[0].quantity")),
    ],
)
def test_what_is_missing_is_named(parts: Parts, path: str, value: Any, problem: tuple[str, str]) -> None:
    assert problems(parts) == []
    assert problems(changed(parts, path, value)) == [problem]


YESTERDAY = TODAY - timedelta(days=1)
LOT = Place("BO1", JOB, "", "L1")


@pytest.mark.parametrize(
    ("goods", "picks", "found"),
    [
        pytest.param(
            Goods(on_hand={Place("BO1", JOB): Decimal(100)}, held={Place("BO1", JOB): Decimal(50)}),
            (),
            [("goods_held_back", "lines[0].quantity")],
            id="held back",
        ),
        pytest.param(
            Goods(on_hand={Place("BO1", JOB): Decimal(70), Place("BO1", JOB, "A-01"): Decimal(30)}),
            (Pick(JOB, Decimal(60), "A-01"),),
            [("picked_goods_gone", "lines[0].quantity")],
            id="moved from where they were picked",
        ),
        pytest.param(
            Goods(
                on_hand={Place("BO1", JOB): Decimal(70), Place("BO1", JOB, "A-01"): Decimal(60)},
                held={Place("BO1", JOB, "A-01"): Decimal(1)},
            ),
            (Pick(JOB, Decimal(60), "A-01"),),
            [("picked_goods_gone", "lines[0].quantity")],
            id="held back where they were picked",
        ),
        pytest.param(
            Goods(on_hand={LOT: Decimal(100)}, expiry={(JOB, "L1"): YESTERDAY}),
            (Pick(JOB, Decimal(60), "", "L1", YESTERDAY),),
            [("lot_expired", "lines[0].quantity")],
            id="picked and expired since",
        ),
        pytest.param(
            Goods(on_hand={LOT: Decimal(100)}, expiry={(JOB, "L1"): TODAY}),
            (Pick(JOB, Decimal(60), "", "L1", TODAY),),
            [],
            id="on their last day",
        ),
        pytest.param(
            Goods(on_hand={LOT: Decimal(100)}, expiry={(JOB, "L1"): YESTERDAY}),
            (),
            [("goods_expired_or_picked", "lines[0].quantity")],
            id="all expired",
        ),
        pytest.param(
            Goods(
                on_hand={Place("BO1", JOB): Decimal(100)},
                picked={Place("BO1", JOB): Decimal(50)},
            ),
            (),
            [("goods_expired_or_picked", "lines[0].quantity")],
            id="picked by name for others",
        ),
    ],
)
def test_goods_that_cannot_leave_stop_the_document(
    parts: Parts, goods: Goods, picks: tuple[Pick, ...], found: list[tuple[str, str]]
) -> None:
    parts = changed(replace(parts, goods=goods), "shipment.picks", picks)
    assert problems(parts) == found


def test_what_has_expired_may_go_to_whoever_gives_it_back(parts: Parts) -> None:
    goods = Goods(on_hand={LOT: Decimal(100)}, expiry={(JOB, "L1"): YESTERDAY})
    picks = (Pick(JOB, Decimal(60), "", "L1", YESTERDAY),)
    parts = changed(replace(parts, goods=goods), "shipment.picks", picks)
    assert problems(changed(parts, "shipment.goods_go_to", GoodsGoTo.THIRD_PARTY)) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"description": " "}, ("goods_not_described", "lines[0].description")),
        ({"unit": ""}, ("unit_missing", "lines[0].unit")),
    ],
)
def test_goods_are_described(parts: Parts, change: dict[str, str], problem: tuple[str, str]) -> None:
    goods: CarriedGoods = replace(parts.carried[JOB], **change)  # type: ignore[arg-type]
    assert problems(replace(parts, carried={JOB: goods})) == [problem]


def test_everything_that_is_missing_is_told_at_once(parts: Parts) -> None:
    bare = changed(
        replace(parts, sender=None, document_type=None, carrier=None), "shipment.transport", Transport()
    )
    assert problems(bare, Series(2026, "", 3, TODAY), TODAY - timedelta(days=1)) == [
        ("issue_date_before_last", "issue_date"),
        ("sender_unknown", "sender"),
        ("document_type_missing", "document_type"),
        ("transport_by_missing", "transport_by"),
    ]


def test_no_carrier_is_needed_when_sender_or_recipient_carries(parts: Parts) -> None:
    for by in ("mittente", "destinatario"):
        transport = replace(parts.shipment.transport, by=by, carrier=None)  # type: ignore[arg-type]
        assert problems(changed(replace(parts, carrier=None), "shipment.transport", transport)) == []


def test_a_person_is_identified_by_codice_fiscale_and_a_foreigner_by_name_and_address(parts: Parts) -> None:
    person = changed(parts, "destination.recipient.vat_number", None)
    assert problems(changed(person, "destination.recipient.fiscal_code", "RSSMRA80A01H501U")) == []
    foreigner = changed(
        changed(person, "destination.recipient.country", "FR"), "destination.recipient.province", ""
    )
    assert problems(foreigner) == []


def test_dates_follow_numbers(parts: Parts) -> None:
    last = Series(2026, "", 3, TODAY - timedelta(days=2))
    assert problems(parts, last, TODAY - timedelta(days=2)) == []
    assert problems(parts, last, TODAY - timedelta(days=3)) == [("issue_date_before_last", "issue_date")]
    assert problems(parts, last, TODAY + timedelta(days=1)) == [("issue_date_in_the_future", "issue_date")]


@pytest.mark.parametrize(
    ("days", "problem"),
    [
        (-1, [("transport_before_issue", "starts_at")]),
        (0, []),
        (90, []),
        (91, [("transport_long_after_issue", "starts_at")]),
        (60_000, [("transport_long_after_issue", "starts_at")]),
    ],
)
def test_the_transport_begins_soon_after_the_issue(
    parts: Parts, days: int, problem: list[tuple[str, str]]
) -> None:
    begins = NOW + timedelta(days=days)
    assert problems(changed(parts, "shipment.transport.starts_at", begins)) == problem


def test_one_problem_alone_keeps_its_own_kind(parts: Parts) -> None:
    with pytest.raises(WrongState, match="stock_not_enough"):
        compose(replace(parts, goods=Goods()), Series(2026, ""), issue_date=TODAY, today=TODAY, now=NOW)


@given(
    progressive=st.integers(min_value=1, max_value=99_999_999),
    series=st.from_regex(r"[A-Z0-9]{0,6}", fullmatch=True),
    year=st.integers(min_value=2000, max_value=9999),
)
def test_a_printed_number_fits_an_invoice(progressive: int, series: str, year: int) -> None:
    number = printed_number(progressive, series, year)
    assert len(number) <= MOST_CHARACTERS
    assert number.split("/") == [str(progressive), *([series] if series else []), str(year)]


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(Invalid, match="number_too_long"):
        printed_number(123_456_789, "SERIES", 2026)


def test_what_is_advisable_is_what_is_not_said(shipment: Shipment) -> None:
    assert advisable(shipment) == []
    bare = replace(shipment, transport=Transport(by="mittente"))
    assert advisable(bare) == ["freight", "appearance", "packages", "gross_weight_kg"]


def test_a_series_has_no_gaps() -> None:
    series = Series(2026, "")
    for number in range(1, 50):
        series = series.take(TODAY)
        assert (series.last_progressive, series.last_issue_date) == (number, TODAY)
