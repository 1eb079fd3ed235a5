"""Who sees which entries.

A person sees what they did themselves (or what was done on their behalf), and whatever they were granted:
the whole story of a brief that they asked for or were to approve, and what is about a job as long as one of
its phases is theirs. Whoever may read the whole trail needs no grant. Nobody sees a price without the
privilege for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

ECONOMICS = "optima.economics."
BRIEF_PRICES = "optima.economics.brief_priced."
BUDGETS = "optima.economics.budget_"


@dataclass(frozen=True, slots=True)
class Grant:
    """A person may see the whole of a story."""

    person_id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whose a phase of a job is from now on, if anybody's. They may see what is about the job."""

    phase_id: UUID
    assignee_id: UUID | None
    job_id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class ReadScope:
    """How far one person sees."""

    person_id: UUID
    everything: bool
    brief_prices: bool
    budgets: bool
    economics: bool

    def shows_type(self, event_type: str) -> bool:
        """Whether the privileges for prices let this type through."""
        if event_type.startswith(BRIEF_PRICES):
            return self.brief_prices
        if event_type.startswith(BUDGETS):
            return self.budgets
        return self.economics or not event_type.startswith(ECONOMICS)
