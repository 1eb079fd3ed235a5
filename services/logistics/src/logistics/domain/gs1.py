"""Identification by the rules of GS1: check digits, numbers of packages (SSCC), and what barcodes contain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from optima_kit.refusals import Invalid, WrongState

_BEFORE_CHECK_DIGIT = 17
"""The digits of an SSCC before its check digit: extension, company prefix and serial number."""


def check_digit(digits: str) -> str:
    """Return the check digit of a GTIN or SSCC that lacks it: weights 3 and 1, from the right."""
    weighed = (int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-sum(weighed) % 10)


def sscc(company_prefix: str, serial: int) -> str:
    """Return the number of a package: 18 digits that the company never uses twice. The serial number's first
    digit is the extension. Raises WrongState if the prefix has no number left."""
    room = _BEFORE_CHECK_DIGIT - len(company_prefix)
    if serial >= 10**room:
        raise WrongState("gs1_numbers_used_up", prefix=company_prefix)
    written = f"{serial:0{room}}"
    digits = written[0] + company_prefix + written[1:]
    return digits + check_digit(digits)


GROUP_SEPARATOR: Final = "\x1d"
"""The character that scanners send for FNC1, which ends an element of variable length."""
SYMBOLOGIES: Final = ("]C1", "]d2", "]Q3", "]e0")
"""The prefixes by which scanners mark GS1-128, GS1 DataMatrix, GS1 QR Code and GS1 DataBar codes."""


@dataclass(frozen=True, slots=True)
class _Element:
    length: int
    """The exact length if `fixed`, otherwise the greatest."""
    fixed: bool = True
    numeric: bool = True


_ELEMENTS: Final[Mapping[str, _Element]] = {
    "00": _Element(18),
    "01": _Element(14),
    "02": _Element(14),
    "10": _Element(20, fixed=False, numeric=False),
    "11": _Element(6),
    "15": _Element(6),
    "17": _Element(6),
    "21": _Element(20, fixed=False, numeric=False),
    "30": _Element(8, fixed=False),
    "37": _Element(8, fixed=False),
}
"""The application identifiers found on packages in a warehouse."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The content of a package's barcode."""

    sscc: str | None = None
    gtin: str | None = None
    """14 digits that identify the goods, or what the package contains."""
    lot: str | None = None
    expires_on: date | None = None
    count: int | None = None


def is_gs1(text: str) -> bool:
    """Tell whether the text is a GS1 code, as a scanner marks it or as somebody types it from below the bars.
    A bare GTIN is not."""
    return text.startswith((*SYMBOLOGIES, "(", GROUP_SEPARATOR)) or GROUP_SEPARATOR in text


def parse(text: str, *, today: date, field: str) -> Scan:
    """Read the elements of a GS1 code, either as a scanner sends it, `]C101…␝10…`, or as people read it,
    `(01)… (10)…`.

    Raises Invalid for unknown identifiers, wrong lengths, wrong check digits and impossible days.
    """
    said = dict(_elements_beneath(text, field) if text.startswith("(") else _elements(text, field))
    for identifier in ("00", "01", "02"):
        if (number := said.get(identifier)) and check_digit(number[:-1]) != number[-1]:
            raise Invalid("scan_check_digit", field=field, number=number)
    if not said:
        raise Invalid("scan_empty", field=field)
    count = said.get("37") or said.get("30")
    if count is not None and int(count) == 0:
        raise Invalid("scan_element", field=field, identifier="37" if "37" in said else "30")
    return Scan(
        said.get("00"),
        said.get("01") or said.get("02"),
        said.get("10"),
        _day(said["17"], today, field) if "17" in said else None,
        int(count) if count else None,
    )


def as_scanned(scan: Scan) -> str:
    """Write a scan as a scanner would send it, so that `parse` can read it."""
    day = f"{scan.expires_on:%y%m%d}" if scan.expires_on else None
    count = str(scan.count) if scan.count else None
    gtin = "02" if count else "01"
    elements = {"00": scan.sscc, gtin: scan.gtin, "17": day, "10": scan.lot, "37": count}
    written = SYMBOLOGIES[0]
    for identifier, value in elements.items():
        if value is not None:
            written += identifier + value + ("" if _ELEMENTS[identifier].fixed else GROUP_SEPARATOR)
    return written.removesuffix(GROUP_SEPARATOR)


def same_goods(gtin: str) -> list[str]:
    """Return the forms in which a GTIN of 14 digits may be printed on goods: shorter ones are padded with
    zeros on the left."""
    return [gtin, *(gtin[-length:] for length in (13, 12, 8) if set(gtin[:-length]) == {"0"})]


def _elements(text: str, field: str) -> Iterator[tuple[str, str]]:
    rest = text[3:] if text.startswith(SYMBOLOGIES) else text
    while rest := rest.lstrip(GROUP_SEPARATOR):
        identifier, rest = rest[:2], rest[2:]
        known = _known(identifier, field)
        if known.fixed:
            value, rest = rest[: known.length], rest[known.length :]
        else:
            value, _, rest = rest.partition(GROUP_SEPARATOR)
        yield identifier, _checked(identifier, value, field)


def _elements_beneath(text: str, field: str) -> Iterator[tuple[str, str]]:
    for part in text.split("(")[1:]:
        identifier, closed, value = part.partition(")")
        if not closed:
            raise Invalid("scan_identifier", field=field, identifier=identifier, known=", ".join(_ELEMENTS))
        _known(identifier, field)
        yield identifier, _checked(identifier, value.replace(" ", ""), field)


def _known(identifier: str, field: str) -> _Element:
    if identifier not in _ELEMENTS:
        known = ", ".join(_ELEMENTS)
        raise Invalid("scan_identifier", field=field, identifier=identifier, known=known)
    return _ELEMENTS[identifier]


def _checked(identifier: str, value: str, field: str) -> str:
    element = _ELEMENTS[identifier]
    right = len(value) == element.length if element.fixed else 0 < len(value) <= element.length
    plain = value.isascii() and (
        value.isdigit() if element.numeric else value.isprintable() and " " not in value
    )
    if not (right and plain):
        raise Invalid("scan_element", field=field, identifier=identifier)
    return value


def _day(digits: str, today: date, field: str) -> date:
    """Read YYMMDD; day 00 means the last of the month. The year is the one within fifty years of today (GS1
    General Specifications 7.12)."""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    apart = year - today.year % 100
    century = today.year // 100 + (-1 if apart > 50 else 1 if apart <= -50 else 0)
    try:
        first = date(century * 100 + year, month, 1)
        if day == 0:
            return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return first.replace(day=day)
    except ValueError:
        raise Invalid("scan_day", field=field, digits=digits) from None
