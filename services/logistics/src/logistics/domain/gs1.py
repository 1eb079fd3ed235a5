"""Identification as GS1 rules it: check digits, and the numbers of packages (SSCC)."""

from __future__ import annotations

from optima_kit.refusals import WrongState

_BEFORE_CHECK_DIGIT = 17
"""Digits of an SSCC: extension and company prefix, then a serial number."""


def check_digit(digits: str) -> str:
    """Of a GTIN or SSCC that lacks it: weights 3 and 1, from the right."""
    weighed = (int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-sum(weighed) % 10)


def sscc(company_prefix: str, serial: int) -> str:
    """The number of a package, which no other of the company ever has: 18 digits. The serial number's first
    digit is the extension. Raises WrongState when the prefix has no number left."""
    room = _BEFORE_CHECK_DIGIT - len(company_prefix)
    if serial >= 10**room:
        raise WrongState("gs1_numbers_used_up", prefix=company_prefix)
    written = f"{serial:0{room}}"
    digits = written[0] + company_prefix + written[1:]
    return digits + check_digit(digits)
