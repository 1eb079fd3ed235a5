"""Rules about who sees which entries.

A person sees what they did themselves, what was done on their behalf, and what they were granted. They are
granted the whole story of a brief that they requested or were asked to approve, and everything about a job
while one of its phases is assigned to them. A reader of the whole trail needs no grant. Nobody sees a price
without the privilege for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

ECONOMICS = "optima.economics."
BRIEF_PRICES = "optima.economics.brief_priced."
BUDGETS = "optima.economics.budget_"


@dataclass(frozen=True, slots=True)
class Grant:
    """A person's right to see a whole story."""

    person_id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class Assignment:
    """The person to whom a phase of a job is assigned from now on, or None. That person may see everything
    about the job."""

    phase_id: UUID
    assignee_id: UUID | None
    job_id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class ReadScope:
    """What one person may see of the trail."""

    person_id: UUID
    everything: bool
    brief_prices: bool
    budgets: bool
    economics: bool

    def shows_type(self, event_type: str) -> bool:
        """Tell whether the person's privileges for prices and budgets let them see events of this type."""
        if event_type.startswith(BRIEF_PRICES):
            return self.brief_prices
        if event_type.startswith(BUDGETS):
            return self.budgets
        return self.economics or not event_type.startswith(ECONOMICS)
