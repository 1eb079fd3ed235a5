"""Budgets: what a unit or a cost centre may spend in a period, and what its briefs take from it.

A budget's balance is planned = available + committed + spent. A brief is charged to a budget from its
approval on: *committed* is the approved amount that is not delivered yet, *spent* is the delivered amount. If
a budget blocks, its available amount never falls below zero: an amount for which it has no room is
*uncovered*, and a brief for which it has no room at approval waits."""

from __future__ import annotations

from collections.abc import Sequence
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
"""The longest period in days. Three years are a plan; a longer period is taken for a typing error."""

_DELIVERED: Final = frozenset({State.DELIVERED, State.CLOSED})
_TAKES: Final = frozenset({State.OVER_BUDGET, *APPROVED_AND_GOODS_HERE, State.IN_DELIVERY})


class EntryCause(StrEnum):
    """What changed a budget's balance."""

    PLANNED = "planned"
    PLAN_CHANGED = "plan_changed"
    APPROVED = "approved"
    RELEASED = "released"
    """A person who plans budgets raised the plan by the amount that a brief lacked."""
    ROOM_MADE = "room_made"
    """The plan was raised or another brief freed room, so that an uncovered amount is now covered."""
    DELIVERED = "delivered"
    DELIVERY_UNDONE = "delivery_undone"
    CLOSED_SHORT = "closed_short"
    ORDER_DELIVERED = "order_delivered"
    CANCELLED = "cancelled"
    CANCELLATION_REVOKED = "cancellation_revoked"
    PRICE_CORRECTED = "price_corrected"


@dataclass(frozen=True, slots=True)
class Holder:
    """The unit or the cost centre to which a budget belongs."""

    unit_id: UUID | None = None
    cost_centre: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A period in days. Its first and its last day belong to it."""

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
    """In euro, VAT excluded. `committed` and `spent` are sums over all briefs charged to the budget."""
    blocking: bool
    version: int

    @property
    def available(self) -> Decimal:
        """The amount that is left. It is negative if a budget that does not block was exceeded."""
        return self.planned - self.committed - self.spent

    def replan(self, planned: Decimal, *, blocking: bool) -> Decimal:
        """Change the plan, and return by how much it grew. Raises WrongState if a blocking budget's plan
        would be less than what is taken already."""
        if blocking and planned < self.committed + self.spent:
            raise WrongState("budget_below_taken", field="planned", taken=self.committed + self.spent)
        grown = planned - self.planned
        self.planned, self.blocking = planned, blocking
        self.version += 1
        return grown

    def move(self, period: Period, *, charged: bool) -> None:
        """Give the budget another period. `charged` tells whether a brief is charged to the budget; then the
        period can't change, because the brief's deadline chose it."""
        if charged:
            raise WrongState("budget_period_in_use", field="period_from")
        period_is_plausible(period)
        self.period = period

    def room_for(self, amount: Decimal) -> Decimal:
        """Return how much of the amount fits into the budget. A budget that does not block takes any amount
        that can be stored."""
        left = self.available if self.blocking else LARGEST - self.committed - self.spent
        return max(NOTHING, min(amount, left))

    def makes_wait(self, amount: Decimal) -> bool:
        return self.blocking and self.room_for(amount) < amount

    def charge(self, charge: Charge, due: Due) -> Change:
        """Charge what is due for a brief. A smaller amount than before always fits; a larger one is covered
        only as far as the budget has room."""
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
        """Charge all that a brief waits for. Return None if there is no room for all of it."""
        amount = charge.uncovered
        if self.room_for(amount) < amount:
            return None
        charge.waiting = False
        return self.charge(charge, Due(amount, NOTHING))


@dataclass(slots=True)
class Charge:
    """What a brief takes from the budget to which it is charged."""

    brief_id: UUID
    budget_id: UUID
    committed: Decimal
    spent: Decimal
    uncovered: Decimal
    waiting: bool
    """Whether the brief was approved and waits until the budget has room for all of it."""
    since: datetime

    def is_settled(self, due: Due) -> bool:
        """Tell whether the charge is exactly what is due, with nothing uncovered."""
        taken = self.committed + self.spent
        return not self.waiting and not self.uncovered and (taken, self.spent) == (due.total, due.spent)


@dataclass(frozen=True, slots=True)
class Due:
    """What a brief would take from a budget with room for all of it."""

    total: Decimal
    spent: Decimal
    """The part of the total that is delivered."""


@dataclass(frozen=True, slots=True)
class Change:
    committed: Decimal = NOTHING
    spent: Decimal = NOTHING
    planned: Decimal = NOTHING

    def __bool__(self) -> bool:
        return bool(self.committed or self.spent or self.planned)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a budget's balance. Entries are appended and never changed."""

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
    period_is_plausible(period)
    return Budget(budget_id, name, holder, period, planned, NOTHING, NOTHING, blocking, 1)


def period_is_plausible(period: Period) -> None:
    if period.last < period.first:
        raise Invalid("period_ends_first", field="period_to")
    if (period.last - period.first).days >= LONGEST_DAYS:
        raise Invalid("period_too_long", field="period_to", days=LONGEST_DAYS)


def plan_is_within_bounds(planned: Decimal) -> None:
    if planned >= LIMIT:
        raise Invalid("plan_too_large", field="planned", limit=LIMIT)


def due_of(brief: Brief, jobs: Sequence[ItemJob], shipments: Sequence[Shipment]) -> Due:
    """Return what a brief takes from its budget, and how much of that was delivered.

    The total is what is ordered (what was approved, until an order exists) without what will not be
    delivered. Items cost the order's price, or the approved price until the order is valued. A brief without
    prices costs its own budget. The result depends only on what is known about the brief now, so the order in
    which events arrived does not matter."""
    assert brief.submitted is not None
    if brief.pricing is None:
        budget = brief.submitted.content.budget or NOTHING
        if brief.state in _DELIVERED:
            return Due(budget, budget)
        return Due(budget if brief.state in _TAKES else NOTHING, NOTHING)
    parts = [_due_of_item(brief.state, line, jobs, shipments) for line in brief.pricing.lines]
    return Due(
        sum((part.total for part in parts), NOTHING),
        sum((part.spent for part in parts), NOTHING),
    )


def _due_of_item(
    state: State, line: PriceLine, jobs: Sequence[ItemJob], shipments: Sequence[Shipment]
) -> Due:
    prices = (job.unit_price for job in jobs if job.item_id == line.item_id and job.unit_price is not None)
    unit_price = next(prices, line.unit_price)
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
