"""Work that a company outside does (conto lavorazione): what went there, and what is back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class CameBack:
    good: Decimal = Decimal(0)
    scrap: Decimal = Decimal(0)

    @property
    def all(self) -> Decimal:
        return self.good + self.scrap


@dataclass(frozen=True, slots=True)
class Outside:
    """The work outside of one phase. Quantities are those of all its attempts, as the warehouse reported
    them."""

    finisher: str | None = None
    """The destination code of the company that does the work; None if it is done here."""
    sent: Decimal = Decimal(0)
    """What left under valid documents, without what was refused at the door."""
    back: CameBack = field(default_factory=CameBack)
    before: CameBack = field(default_factory=CameBack)
    """The part of `back` that had returned when quality refused the last attempt."""

    @property
    def away(self) -> Decimal:
        """What is not back, at least zero: a return may be reported before the shipment that it belongs
        to."""
        return max(self.sent - self.back.all, Decimal(0))

    @property
    def made(self) -> Decimal:
        """What this attempt has made outside."""
        return self.back.good - self.before.good

    @property
    def begun(self) -> bool:
        """Whether goods of this attempt are, or were, outside."""
        return self.away > 0 or self.back.all > self.before.all

    def made_of(self, most: Decimal) -> Decimal:
        """Return how much of `most`, the quantity there is to make, may be handed in now. Goods that are
        outside do not count."""
        return min(most, self.made) if self.finisher is not None else max(most - self.away, Decimal(0))

    def anew(self) -> Outside:
        """Return the state for the next attempt."""
        return replace(self, before=self.back)


AT_HOME: Final = Outside()


@dataclass(frozen=True, slots=True)
class WorkOutside:
    """What the warehouse learns about a phase that is done outside."""

    finisher: str | None
    open: bool
    """Whether goods of it may be sent out now."""
    quantity: Decimal
    """The total quantity that may ever be sent out."""
