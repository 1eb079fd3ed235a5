"""Who sees which entries.

A person sees what they did themselves (or what was done on their behalf), and whatever they were granted:
the whole story of a brief that they asked for or were to approve, or of a job that they were to work on.
Whoever may read the whole trail needs no grant. Nobody sees a price without the privilege for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

ECONOMICS = "optima.economics."
BRIEF_PRICES = "optima.economics.brief_priced."


@dataclass(frozen=True, slots=True)
class Grant:
    """A person may see a story: all of it, or what is about one subject of it."""

    person_id: UUID
    correlation_id: UUID
    subject: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReadScope:
    """How far one person sees."""

    person_id: UUID
    everything: bool
    brief_prices: bool
    economics: bool

    def shows_type(self, event_type: str) -> bool:
        """Whether the privileges for prices let this type through."""
        if event_type.startswith(BRIEF_PRICES):
            return self.brief_prices
        return self.economics or not event_type.startswith(ECONOMICS)
