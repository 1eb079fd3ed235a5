"""What a unit or a cost centre may spend in a period, and what its briefs take of it.

A budget has one balance: planned = available + committed + spent. A brief is charged to it from its approval
on: *committed* is what is still to come of what was approved, *spent* what was delivered. Where a budget
blocks, what is available never falls below zero: what it has no room for is *uncovered*, and a brief that it
has no room for at its approval waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from optima_contracts.money import amount_of
from optima_kit.refusals import Invalid, WrongState

from .brief import Brief
from .lifecycle import APPROVED_AND_GOODS_HERE, State
from .pricing import LIMIT, PriceLine
from .progress import ItemJob, Shipment, progress_of

NOTHING: Final = Decimal("0.00")
LARGEST: Final = LIMIT - Decimal("0.01")
LONGEST_DAYS: Final = 3 * 366
"""Of a period: three years are a plan, more is a slip of the pen."""

_DELIVERED: Final = frozenset({State.DELIVERED, State.CLOSED})
_TAKES: Final = frozenset({State.OVER_BUDGET, *APPROVED_AND_GOODS_HERE, State.IN_DELIVERY})


class EntryCause(StrEnum):
    """What changed a budget's balance."""

    PLANNED = "planned"
    PLAN_CHANGED = "plan_changed"
    APPROVED = "approved"
    RELEASED = "released"
    """Whoever plans the budget raised it by what a brief lacked."""
    ROOM_MADE = "room_made"
    """The plan was raised or something else given up, so that what had been uncovered is covered."""
    DELIVERED = "delivered"
    DELIVERY_UNDONE = "delivery_undone"
    CLOSED_SHORT = "closed_short"
    ORDER_DELIVERED = "order_delivered"
    CANCELLED = "cancelled"
    CANCELLATION_REVOKED = "cancellation_revoked"
    PRICE_CORRECTED = "price_corrected"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a budget is: a unit's or a cost centre's."""

    unit_id: UUID | None = None
    cost_centre: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """Both days included."""

    first: date
    last: date


@dataclass(slots=True)
class Budget:
    budget_id: UUID
    name: str
    holder: Holder
    period: Period
    planned: Decimal
    committed: Decimal
    spent: Decimal
    """Euro, VAT excluded: of all its briefs together."""
    blocking: bool
    version: int

    @property
    def available(self) -> Decimal:
        """Below zero where it does not block and was exceeded."""
        return self.planned - self.committed - self.spent

    def replan(self, planned: Decimal, *, blocking: bool) -> Decimal:
        """Returns by how much the plan grew. Where it blocks, it holds what is taken already."""
        if blocking and planned < self.committed + self.spent:
            raise WrongState("budget_below_taken", field="planned", taken=self.committed + self.spent)
        grown = planned - self.planned
        self.planned, self.blocking = planned, blocking
        self.version += 1
        return grown

    def room_for(self, amount: Decimal) -> Decimal:
        """How much of the amount it takes; where it does not block, as much as an amount can be."""
        left = self.available if self.blocking else LARGEST - self.committed - self.spent
        return max(NOTHING, min(amount, left))

    def makes_wait(self, amount: Decimal) -> bool:
        return self.blocking and self.room_for(amount) < amount

    def charge(self, charge: Charge, due: Due) -> Change:
        """Takes what is due of a brief, as far as there is room: less always, more as the budget allows."""
        taken = charge.committed + charge.spent
        grown = due.total - taken
        covered = due.total if grown <= 0 else taken + self.room_for(grown)
        spent = min(due.spent, covered)
        change = Change(covered - spent - charge.committed, spent - charge.spent)
        charge.committed, charge.spent = covered - spent, spent
        charge.uncovered = due.total - covered
        self.committed += change.committed
        self.spent += change.spent
        self.version += 1
        return change

    def grant(self, charge: Charge) -> Change | None:
        """A brief that waited gets all that it waits for; None where there is no room for that."""
        amount = charge.uncovered
        if self.room_for(amount) < amount:
            return None
        charge.waiting = False
        return self.charge(charge, Due(amount, NOTHING))


@dataclass(slots=True)
class Charge:
    """What a brief takes of the budget that it is charged to."""

    brief_id: UUID
    budget_id: UUID
    committed: Decimal
    spent: Decimal
    uncovered: Decimal
    waiting: bool
    """The brief was approved and waits for all of it."""
    since: datetime

    def is_settled(self, due: Due) -> bool:
        """Whether it takes just this, and all of it."""
        taken = self.committed + self.spent
        return not self.waiting and not self.uncovered and (taken, self.spent) == (due.total, due.spent)


@dataclass(frozen=True, slots=True)
class Due:
    """What a brief takes of a budget that has room for all of it."""

    total: Decimal
    spent: Decimal
    """Part of the total."""


@dataclass(frozen=True, slots=True)
class Change:
    committed: Decimal = NOTHING
    spent: Decimal = NOTHING
    planned: Decimal = NOTHING

    def __bool__(self) -> bool:
        return bool(self.committed or self.spent or self.planned)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a budget's balance. Appended, never changed."""

    at: datetime
    cause: EntryCause
    change: Change
    brief_id: UUID | None
    reason: str | None
    actor_id: UUID | None
    on_behalf_of: UUID | None


def plan_budget(
    budget_id: UUID, name: str, holder: Holder, period: Period, planned: Decimal, *, blocking: bool
) -> Budget:
    if (holder.unit_id is None) == (holder.cost_centre is None):
        raise Invalid("budget_of_whom", field="unit_id")
    if period.last < period.first:
        raise Invalid("period_ends_first", field="period_to")
    if (period.last - period.first).days >= LONGEST_DAYS:
        raise Invalid("period_too_long", field="period_to", days=LONGEST_DAYS)
    return Budget(budget_id, name, holder, period, planned, NOTHING, NOTHING, blocking, 1)


def plan_is_within_bounds(planned: Decimal) -> None:
    if planned >= LIMIT:
        raise Invalid("plan_too_large", field="planned", limit=LIMIT)


def due_of(
    brief: Brief,
    jobs: Sequence[ItemJob],
    shipments: Sequence[Shipment],
    corrected: Mapping[UUID, Decimal],
) -> Due:
    """What is ordered, or was approved until it is, less what will not come, at the price of the order where
    that was corrected (`corrected`: unit prices by job); and what of it was delivered. It follows from what
    is known of the brief and nothing else, so that the order in which that was told does not matter. A brief
    without prices costs what it says."""
    assert brief.submitted is not None
    if brief.pricing is None:
        budget = brief.submitted.content.budget or NOTHING
        if brief.state in _DELIVERED:
            return Due(budget, budget)
        return Due(budget if brief.state in _TAKES else NOTHING, NOTHING)
    parts = [_due_of_item(brief.state, line, jobs, shipments, corrected) for line in brief.pricing.lines]
    return Due(
        sum((part.total for part in parts), NOTHING),
        sum((part.spent for part in parts), NOTHING),
    )


def _due_of_item(
    state: State,
    line: PriceLine,
    jobs: Sequence[ItemJob],
    shipments: Sequence[Shipment],
    corrected: Mapping[UUID, Decimal],
) -> Due:
    prices = [
        corrected[job.job_id] for job in jobs if job.item_id == line.item_id and job.job_id in corrected
    ]
    unit_price = prices[0] if prices else line.unit_price
    progress = progress_of(line.item_id, jobs, shipments)
    ordered = progress.ordered or line.quantity

    def cost(quantity: Decimal) -> Decimal:
        return amount_of(min(quantity, ordered), unit_price)

    if state in _DELIVERED:
        whole = cost(progress.shipped if progress.closed else ordered)
        return Due(whole, whole)
    spent = cost(progress.delivered)
    if state not in _TAKES:
        return Due(spent, spent)
    if not progress.closed:
        return Due(cost(ordered), spent)
    shipped_when_closed = sum((job.closed_at for job in jobs if job.item_id == line.item_id), Decimal(0))
    return Due(cost(max(shipped_when_closed, progress.shipped)), spent)
