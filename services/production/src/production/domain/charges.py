"""What a supplier charges for a phase, by what came of it and the terms of delivery that were agreed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


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


def charged_quantity(ordered: Decimal, delivered: Decimal, terms: DeliveryTerms) -> Decimal:
    """What of a delivery is paid, in the unit that it was ordered in."""
    margin = ordered * terms.tolerance_percent / 100
    least = ordered - margin if terms.under is Bearer.US else Decimal(0)
    most = ordered + margin if terms.over is Bearer.SUPPLIER else max(delivered, least)
    return min(max(delivered, least), most)
