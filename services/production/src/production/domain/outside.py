"""Work that a company outside does (conto lavorazione): what went there, and what of it is back."""

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
    """Of one phase. Quantities are those of all its attempts, as the warehouse told them."""

    finisher: str | None = None
    """Code of the destination of whoever does it; None: it is done here."""
    sent: Decimal = Decimal(0)
    """Under documents that stand, without what was refused at the door."""
    back: CameBack = field(default_factory=CameBack)
    before: CameBack = field(default_factory=CameBack)
    """What of it was back when quality refused the last attempt."""

    @property
    def away(self) -> Decimal:
        """What is not back. A return may be told before what it is of."""
        return max(self.sent - self.back.all, Decimal(0))

    @property
    def made(self) -> Decimal:
        """What this attempt has made outside."""
        return self.back.good - self.before.good

    @property
    def begun(self) -> bool:
        """Whether something of this attempt is, or was, outside."""
        return self.away > 0 or self.back.all > self.before.all

    def made_of(self, most: Decimal) -> Decimal:
        """What of the `most` that there is to make can be made here by now."""
        return min(most, self.made) if self.finisher is not None else max(most - self.away, Decimal(0))

    def anew(self) -> Outside:
        """For the next attempt."""
        return replace(self, before=self.back)


AT_HOME: Final = Outside()


@dataclass(frozen=True, slots=True)
class WorkOutside:
    """What the warehouse is told of a phase that is done outside."""

    finisher: str | None
    open: bool
    """Whether anything of it may be sent out now."""
    quantity: Decimal
    """How much of it may be sent out in all, ever."""
