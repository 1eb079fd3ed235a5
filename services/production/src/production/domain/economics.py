"""The technical-economic details of a job. Amounts are euro, VAT excluded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from optima_kit.refusals import Invalid

CENT: Final = Decimal("0.01")
MAX_AMOUNT: Final = Decimal("999999999999.99")
"""No amount is larger: what documents and ERPs can carry."""


@dataclass(frozen=True, slots=True)
class Economics:
    cost: Decimal
    """What the whole job costs us."""
    unit_price: Decimal
    """What one unit is sold for."""
    supplier: str | None
    materials: str
    technical_sheet: str
    """How the work is to be done: the only part that those who do it may read."""
    vat_code: str


def price(economics: Economics, quantity: Decimal) -> Decimal:
    """What the whole job is sold for, rounded half up to the cent."""
    return (economics.unit_price * quantity).quantize(CENT, ROUND_HALF_UP)


def margin(economics: Economics, quantity: Decimal) -> Decimal:
    """Price less cost; negative when the job loses money."""
    return price(economics, quantity) - economics.cost


def price_is_within_bounds(economics: Economics, quantity: Decimal) -> None:
    amount = price(economics, quantity)
    if amount > MAX_AMOUNT:
        raise Invalid("price_too_large", field="unit_price", price=amount, most=MAX_AMOUNT)


def total_is_within_bounds(total: Decimal) -> None:
    if total > MAX_AMOUNT:
        raise Invalid("order_total_too_large", field="unit_price", total=total, most=MAX_AMOUNT)
