"""Quantities as text: equal ones look equal, in whatever service they are written."""

from __future__ import annotations

from decimal import Decimal


def quantity_text(quantity: Decimal) -> str:
    """No exponent and no zeros that the value does not need: "500", "12.5"."""
    return f"{quantity.normalize():f}"
