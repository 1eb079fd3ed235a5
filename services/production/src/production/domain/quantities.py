"""Quantities as text."""

from __future__ import annotations

from decimal import Decimal


def quantity_text(quantity: Decimal) -> str:
    """Without zeros that the value does not need: "500", "12.5"."""
    return f"{quantity.normalize():f}"
