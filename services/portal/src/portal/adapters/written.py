"""Format numbers and amounts in Italian and in English."""

from __future__ import annotations

from decimal import Decimal


def written_number(value: Decimal, language: str, *, decimals: int | None = None) -> str:
    """Format a number with separated thousands, and with `decimals` decimals or as many as it has."""
    if decimals is None:
        plain = f"{value:,f}"
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    else:
        plain = f"{value:,.{decimals}f}"
    return plain.translate(str.maketrans(".,", ",.")) if language == "it" else plain


def written_amount(value: Decimal, language: str) -> str:
    """Format an amount in euro with two decimals, or with more if the price has them."""
    decimals = max(2, -int(value.as_tuple().exponent))
    if language == "it":
        return f"{written_number(value, language, decimals=decimals)}\N{NO-BREAK SPACE}€"
    return f"{'-' if value < 0 else ''}€{written_number(abs(value), language, decimals=decimals)}"
