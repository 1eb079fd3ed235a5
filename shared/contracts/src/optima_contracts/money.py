"""Amounts in euro, VAT excluded. They are computed from unit prices here, so that all services agree.

A unit price has at most four decimals, because printed matter costs fractions of a cent; an amount has two.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_CENT: Final = Decimal("0.01")


def amount_of(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Return what `quantity` units cost, rounded half up to the cent. Call it once for each line."""
    return (quantity * unit_price).quantize(_CENT, ROUND_HALF_UP)


def money_text(value: Decimal) -> str:
    """Return a value as text with at least two decimals, and no more than it needs: "1250.00", "0.0345"."""
    whole, _, fraction = format(value.normalize(), "f").partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"
