"""What a supplier charges for a phase, by what came of it and the terms of delivery that were agreed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

_THOUSANDTH: Final = Decimal("0.001")


class Bearer(StrEnum):
    """Who bears what lies beyond the tolerance."""

    US = "us"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """Within the tolerance, what was delivered is charged. Beyond it, each bears what they have agreed to."""

    phase_id: UUID
    """Whose yield counts."""
    tolerance_percent: Decimal
    over: Bearer = Bearer.SUPPLIER
    """Us: all that was delivered is charged. The supplier: no more than the tolerance allows."""
    under: Bearer = Bearer.SUPPLIER
    """Us: the least that the tolerance allows is charged. The supplier: what was delivered."""


@dataclass(frozen=True, slots=True)
class PriceOfWork:
    """What a company outside asks for one of what a phase makes, in euro, and who bears the rest."""

    unit_cost: Decimal
    tolerance_percent: Decimal
    over: Bearer = Bearer.SUPPLIER
    under: Bearer = Bearer.SUPPLIER
    terms: str | None = None

    def delivery(self, phase_id: UUID) -> DeliveryTerms:
        return DeliveryTerms(phase_id, self.tolerance_percent, self.over, self.under)


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What has come of a phase that is over, in its unit."""

    quantity: Decimal
    of: Decimal
    """That it was for."""
    given_up: bool = False
    """It was skipped, or stopped with its line or order: the rest is not done any more."""

    def part_of(self, quantity: Decimal) -> Decimal:
        """So much of the quantity as was done of the phase, to three decimals."""
        if not self.of:
            return Decimal(0)
        return (quantity * min(self.quantity / self.of, Decimal(1))).quantize(_THOUSANDTH, ROUND_HALF_UP)


def charged_when_given_up(ordered: Decimal, delivered: Decimal, terms: DeliveryTerms) -> Decimal:
    """Nobody owes what is missing: what was delivered is paid."""
    return charged_quantity(ordered, delivered, replace(terms, under=Bearer.SUPPLIER))


def charged_quantity(ordered: Decimal, delivered: Decimal, terms: DeliveryTerms) -> Decimal:
    """What of a delivery is paid, in the unit that it was ordered in."""
    margin = ordered * terms.tolerance_percent / 100
    least = ordered - margin if terms.under is Bearer.US else Decimal(0)
    most = ordered + margin if terms.over is Bearer.SUPPLIER else max(delivered, least)
    return min(max(delivered, least), most)
