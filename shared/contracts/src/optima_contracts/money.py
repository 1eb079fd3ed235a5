"""Euro, VAT excluded: what follows from a unit price is computed here, so that all services come to the same.

A unit price has at most four decimals, since printed matter costs fractions of a cent; an amount has two.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_CENT: Final = Decimal("0.01")


def amount_of(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """What so many units cost: rounded half up to the cent, once for each line."""
    return (quantity * unit_price).quantize(_CENT, ROUND_HALF_UP)


def money_text(value: Decimal) -> str:
    """At least two decimals, and no more than the value needs: "1250.00", "0.0345"."""
    whole, _, fraction = format(value.normalize(), "f").partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"
