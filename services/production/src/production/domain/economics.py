"""The technical-economic details of a job. Amounts are euro, VAT excluded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from optima_contracts.money import amount_of
from optima_kit.refusals import Invalid

MAX_AMOUNT: Final = Decimal("999999999999.99")
"""No amount is larger: what documents and ERPs can carry."""


@dataclass(frozen=True, slots=True)
class Economics:
    cost: Decimal
    """What the whole job costs us."""
    unit_price: Decimal
    """What one unit is sold for, with four decimals at most."""
    supplier: str | None
    materials: str
    technical_sheet: str
    """How the work is to be done: the only part that those who do it may read."""
    vat_code: str
    price_reason: str | None = None
    """Why the price differs from the approved one. None where it doesn't."""


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """A tenant's own."""

    tolerance_percent: Decimal
    """How far a price may differ from the approved one without being approved anew, given a reason."""
    version: int


STRICT: Final = PricePolicy(tolerance_percent=Decimal(0), version=0)
"""Until a tenant sets another: the approved price binds."""


def price(economics: Economics, quantity: Decimal) -> Decimal:
    """What the whole job is sold for."""
    return amount_of(quantity, economics.unit_price)


def margin(economics: Economics, quantity: Decimal) -> Decimal:
    """Price less cost; negative when the job loses money."""
    return price(economics, quantity) - economics.cost


def price_to_set(approved: Decimal | None, proposed: Decimal | None) -> Decimal:
    """The approved price, unless another is proposed."""
    if proposed is not None:
        return proposed
    if approved is None:
        raise Invalid("unit_price_missing", field="unit_price")
    return approved


def price_is_as_approved(approved: Decimal | None, economics: Economics, policy: PricePolicy) -> None:
    """Or differs within the tenant's tolerance, for a reason that is stated."""
    if approved is None or economics.unit_price == approved:
        return
    if abs(economics.unit_price - approved) > approved * policy.tolerance_percent / 100:
        raise Invalid(
            "price_not_approved",
            field="unit_price",
            approved=approved,
            percent=policy.tolerance_percent,
        )
    if not economics.price_reason:
        raise Invalid("price_reason_missing", field="price_reason", approved=approved)


def price_is_within_bounds(economics: Economics, quantity: Decimal) -> None:
    amount = price(economics, quantity)
    if amount > MAX_AMOUNT:
        raise Invalid("price_too_large", field="unit_price", price=amount, most=MAX_AMOUNT)


def total_is_within_bounds(total: Decimal) -> None:
    if total > MAX_AMOUNT:
        raise Invalid("order_total_too_large", field="unit_price", total=total, most=MAX_AMOUNT)
