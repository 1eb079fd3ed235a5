"""Numbers of packages and their bars, as GS1 and ISO/IEC 15417 have them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.adapters.barcodes import WIDTHS, code_values, gs1_128
from logistics.domain.gs1 import check_digit, sscc
from optima_kit.refusals import WrongState


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
