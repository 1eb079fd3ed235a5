"""Quantities as text: equal quantities have equal texts in every service."""

from __future__ import annotations

from decimal import Decimal


def quantity_text(quantity: Decimal) -> str:
    """Return a quantity as text without an exponent or trailing zeros: "500", "12.5"."""
    return f"{quantity.normalize():f}"
