"""The technical-economic details of a job. Amounts are euro, VAT excluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from optima_contracts.money import amount_of
from optima_kit.refusals import Invalid

from .amendments import DEFAULT_PROCESS

_TENTH: Final = Decimal("0.1")
MAX_AMOUNT: Final = Decimal("999999999999.99")
"""No amount is larger: what documents and ERPs can carry."""


class CostKind(StrEnum):
    MATERIAL = "material"
    PHASE = "phase"
    """The work of a phase, here or by a supplier."""
    SET_UP = "set_up"
    TRANSPORT = "transport"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CostLine:
    """A part of what a job costs."""

    what: CostKind
    description: str
    quantity: Decimal
    unit_cost: Decimal
    """As planned, with four decimals at most."""
    supplier: str | None = None
    """Whom it is paid to; None: it is ours."""
    terms: str | None = None
    """Agreed with the supplier: payment, tolerance of quantities, who bears what is over or under."""
    actual: Decimal | None = None
    """What it came to; None until that is known."""

    @property
    def planned(self) -> Decimal:
        return amount_of(self.quantity, self.unit_cost)


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
    cost_lines: tuple[CostLine, ...] = ()
    """What the cost is made of; none: it is known as a whole alone."""

    @property
    def planned_cost(self) -> Decimal:
        return sum((line.planned for line in self.cost_lines), Decimal(0)) if self.cost_lines else self.cost


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """A tenant's own."""

    tolerance_percent: Decimal
    """How far a price may differ from the approved one without being approved anew, given a reason."""
    version: int
    process: str = DEFAULT_PROCESS
    """Key of the approval process that approves other prices anew."""


STRICT: Final = PricePolicy(tolerance_percent=Decimal(0), version=0)
"""Until a tenant sets another: the approved price binds."""


def price(economics: Economics, quantity: Decimal) -> Decimal:
    """What the whole job is sold for."""
    return amount_of(quantity, economics.unit_price)


def margin(economics: Economics, quantity: Decimal) -> Decimal:
    """Price less cost; negative when the job loses money."""
    return price(economics, quantity) - economics.cost


def margin_percent(economics: Economics, quantity: Decimal) -> Decimal | None:
    """Of the price, to a tenth; None where it is free."""
    whole = price(economics, quantity)
    return (margin(economics, quantity) * 100 / whole).quantize(_TENTH, ROUND_HALF_UP) if whole else None


def cost_to_set(cost: Decimal | None, lines: Sequence[CostLine]) -> Decimal:
    """As stated or, with lines, their sum: of each what it came to or, until then, what is planned."""
    if not lines:
        if cost is None:
            raise Invalid("cost_missing", field="cost")
        return cost
    total = sum((line.planned if line.actual is None else line.actual for line in lines), Decimal(0))
    if cost is not None and cost != total:
        raise Invalid("cost_differs_from_lines", field="cost", total=total)
    if total > MAX_AMOUNT:
        raise Invalid("cost_too_large", field="cost_lines", total=total, most=MAX_AMOUNT)
    return total


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
