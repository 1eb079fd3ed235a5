"""What a supplier charges for a phase: it depends on the phase's yield and on the agreed terms of
delivery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

_THOUSANDTH: Final = Decimal("0.001")


class Bearer(StrEnum):
    """Who pays for a quantity that deviates by more than the tolerance."""

    US = "us"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """Agreed terms of delivery. Within the tolerance, what was delivered is charged; beyond it, each party
    bears what was agreed."""

    phase_id: UUID
    """The phase whose yield counts."""
    tolerance_percent: Decimal
    over: Bearer = Bearer.SUPPLIER
    """With `US`, all that was delivered is charged; with `SUPPLIER`, no more than the tolerance allows."""
    under: Bearer = Bearer.SUPPLIER
    """With `US`, at least what the tolerance requires is charged; with `SUPPLIER`, only what was
    delivered."""


@dataclass(frozen=True, slots=True)
class PriceOfWork:
    """The price that a company outside asks per unit of what a phase makes, in euro, and who bears
    deviations."""

    unit_cost: Decimal
    tolerance_percent: Decimal
    over: Bearer = Bearer.SUPPLIER
    under: Bearer = Bearer.SUPPLIER
    terms: str | None = None

    def delivery(self, phase_id: UUID) -> DeliveryTerms:
        return DeliveryTerms(phase_id, self.tolerance_percent, self.over, self.under)


@dataclass(frozen=True, slots=True)
class WorkDone:
    """The yield of a phase that is over, in its unit."""

    quantity: Decimal
    of: Decimal
    """The quantity that the phase was for."""
    given_up: bool = False
    """Whether the phase was skipped, or stopped with its line or order: the rest will not be done."""

    def part_of(self, quantity: Decimal) -> Decimal:
        """Return the share of `quantity` that corresponds to what was done, to three decimals."""
        if not self.of:
            return Decimal(0)
        return (quantity * min(self.quantity / self.of, Decimal(1))).quantize(_THOUSANDTH, ROUND_HALF_UP)


def charged_when_given_up(ordered: Decimal, delivered: Decimal, terms: DeliveryTerms) -> Decimal:
    """Return the quantity to pay for work that was given up: nobody owes what is missing, so what was
    delivered."""
    return charged_quantity(ordered, delivered, replace(terms, under=Bearer.SUPPLIER))


def charged_quantity(ordered: Decimal, delivered: Decimal, terms: DeliveryTerms) -> Decimal:
    """Return the quantity of a delivery that is paid, in the unit in which it was ordered."""
    margin = ordered * terms.tolerance_percent / 100
    least = ordered - margin if terms.under is Bearer.US else Decimal(0)
    most = ordered + margin if terms.over is Bearer.SUPPLIER else max(delivered, least)
    return min(max(delivered, least), most)
