"""Numbers of packages and their bars, as GS1 and ISO/IEC 15417 have them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.adapters.barcodes import WIDTHS, code_values, gs1_128
from logistics.domain.gs1 import Scan, as_scanned, check_digit, parse, same_goods, sscc
from optima_kit.refusals import Invalid, WrongState


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("10614141234567890", "8"),  # GS1 General Specifications, an SSCC
        ("10614141192837465", "7"),  # and another
        ("629104150021", "3"),  # GS1's check digit calculator, a GTIN-13
        ("0000000000000000", "0"),
    ],
)
def test_the_check_digit_is_as_gs1_reckons_it(digits: str, check: str) -> None:
    assert check_digit(digits) == check


@given(st.from_regex(r"[0-9]{4,12}", fullmatch=True), st.data())
def test_packages_have_numbers_of_their_own(prefix: str, data: st.DataObject) -> None:
    """18 digits, with the prefix after the extension; another serial number, another SSCC; any digit
    mistyped is noticed."""
    serials = st.integers(0, 10 ** (17 - len(prefix)) - 1)
    one, other = data.draw(serials), data.draw(serials)
    number = sscc(prefix, one)
    assert re.fullmatch(r"[0-9]{18}", number)
    assert number[1:].startswith(prefix)
    assert (number == sscc(prefix, other)) == (one == other)
    place, digit = data.draw(st.integers(0, 16)), data.draw(st.sampled_from("0123456789"))
    mistyped = number[:place] + digit + number[place + 1 :]
    assert (check_digit(mistyped[:-1]) == mistyped[-1]) == (mistyped == number)


def test_no_number_is_given_beyond_the_last() -> None:
    assert sscc("801234512345", 99999)[-1].isdigit()
    with pytest.raises(WrongState):
        sscc("801234512345", 100000)


def test_every_value_of_code_128_has_bars_of_its_own() -> None:
    assert len(set(WIDTHS)) == 107
    for widths in WIDTHS[:-1]:
        bars, spaces = widths[::2], widths[1::2]
        assert sum(map(int, widths)) == 11
        assert sum(map(int, bars)) % 2 == 0, "the bars of a character add up to an even number"
        assert len(bars) == len(spaces) == 3
    assert sum(map(int, WIDTHS[-1])) == 13


def test_the_bars_of_a_number() -> None:
    values = code_values("00" + "006141411234567890")
    assert values[:3] == [105, 102, 0]
    assert values[3:12] == [0, 61, 41, 41, 12, 34, 56, 78, 90]
    weighed = 105 + sum(place * value for place, value in enumerate(values[1:-2], 1))
    assert values[-2:] == [weighed % 103, 106]
    drawn = [int(width) for width in re.findall(r"h(\d+)v", gs1_128("006141411234567890"))]
    assert drawn == [int(width) for value in values for width in WIDTHS[value][::2]]


TODAY = date(2026, 11, 24)
gtins = st.from_regex(r"[0-9]{13}", fullmatch=True).map(lambda digits: digits + check_digit(digits))
ssccs = st.from_regex(r"[0-9]{17}", fullmatch=True).map(lambda digits: digits + check_digit(digits))
lots = st.from_regex(r"[!-~]{1,20}", fullmatch=True)
scans = st.builds(
    Scan,
    sscc=st.none() | ssccs,
    gtin=gtins,
    lot=st.none() | lots,
    expires_on=st.none() | st.dates(date(1977, 1, 1), date(2076, 12, 31)),
    count=st.none() | st.integers(1, 99999999),
)


@given(scans)
def test_what_is_written_is_read(scan: Scan) -> None:
    assert parse(as_scanned(scan), today=TODAY, field="scan") == scan


@given(scans, st.data())
def test_a_digit_of_the_goods_mistyped_is_noticed(scan: Scan, data: st.DataObject) -> None:
    assert scan.gtin
    place, digit = data.draw(st.integers(0, 13)), data.draw(st.sampled_from("0123456789"))
    mistyped = scan.gtin[:place] + digit + scan.gtin[place + 1 :]
    if mistyped != scan.gtin:
        with pytest.raises(Invalid, match="scan_check_digit"):
            parse(as_scanned(replace(scan, gtin=mistyped)), today=TODAY, field="scan")


@given(st.text(max_size=60) | st.from_regex(r"(\]C1)?([0-9]{2}[ -~\x1d]{0,20}){1,4}", fullmatch=True))
def test_whatever_is_scanned_is_read_or_refused(text: str) -> None:
    try:
        parse(text, today=TODAY, field="scan")
    except Invalid as refused:
        assert refused.code.startswith("scan_")  # noqa: PT017 - hypothesis decides


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        ("]C101080012345678971727013110L1", ("08001234567897", "L1", "2027-01-31", None)),
        ("\x1d0108001234567897", ("08001234567897", None, None, None)),
        ("]d20208001234567897" + "10L1\x1d" + "3724", ("08001234567897", "L1", None, 24)),
        ("(01) 08001234567897 (17) 270200 (10) L1", ("08001234567897", "L1", "2027-02-28", None)),
        ("]C117280200", (None, None, "2028-02-29", None)),
    ],
)
def test_what_packages_say(text: str, scan: tuple[str | None, str | None, str | None, int | None]) -> None:
    said = parse(text, today=TODAY, field="scan")
    expires = said.expires_on.isoformat() if said.expires_on else None
    assert (said.gtin, said.lot, expires, said.count) == scan


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("]C1", "scan_empty"),
        ("]C19912345", "scan_identifier"),
        ("]C101080012345678", "scan_element"),
        ("]C117271331", "scan_day"),
        ("]C117270231", "scan_day"),
        ("]C137\x1d", "scan_element"),
        ("]C1370", "scan_element"),
        ("]C10108001234567890", "scan_check_digit"),
        ("(01", "scan_identifier"),
    ],
)
def test_what_no_package_says_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        parse(text, today=TODAY, field="scan")


def test_goods_of_a_shorter_number_are_the_same() -> None:
    assert same_goods("08001234567897") == ["08001234567897", "8001234567897"]
    assert same_goods("00000096385074") == [
        "00000096385074",
        "0000096385074",
        "000096385074",
        "96385074",
    ]
