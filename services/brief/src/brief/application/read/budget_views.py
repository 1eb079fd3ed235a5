"""What a reader gets to see of budgets: all amounts in euro, VAT excluded."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.budgets import EntryCause
from ...domain.content import Money
from ...domain.lifecycle import State
from .access import BudgetAction
from .views import UnitView


class BudgetSummaryView(View):
    id: UUID
    name: str
    unit: UnitView | None
    cost_centre: str | None
    """Whose it is: one of the two."""
    period_from: date
    period_to: date
    """Both days included."""
    planned: Money
    committed: Money
    """Approved, and not delivered yet."""
    spent: Money
    """Delivered."""
    available: Money
    """`planned - committed - spent`; below zero where it does not block and was exceeded."""
    blocking: bool
    uncovered: bool | None = None
    """Whether there is something that it has no room for."""


class BudgetView(BudgetSummaryView):
    version: int
    """To be sent back as `If-Match` with a change."""
    actions: list[BudgetAction]
    """What the reader may do now."""


class BriefOfBudgetView(View):
    """A brief that the reader may see."""

    id: UUID
    number: str


class BudgetEntryView(View):
    """One change of the balance."""

    at: datetime
    cause: EntryCause
    brief: BriefOfBudgetView | None
    """Absent where it is about none, or about one that the reader may not see."""
    planned: Money
    committed: Money
    spent: Money
    """By how much each changed."""
    reason: str | None
    actor: PersonView | None
    on_behalf_of: PersonView | None


class BudgetChargeView(View):
    """What a brief takes of the budget."""

    brief: BriefOfBudgetView | None
    title: str | None
    state: State | None
    """Absent where the reader may not see the brief."""
    committed: Money
    spent: Money
    uncovered: Money
    """What the budget has no room for."""
    waiting: bool
    """Whether the brief waits until there is."""


class BriefBudgetView(View):
    """The budget that a brief is charged to or would be, and what the brief takes of it."""

    budget: BudgetSummaryView
    charged: bool
    """Whether the brief was approved: otherwise it would take `amount`."""
    amount: Money
    """What it was approved to cost, or would cost as far as it is known."""
    committed: Money
    spent: Money
    uncovered: Money
    waiting: bool
    left: Money
    """What remains of the budget with the whole brief charged to it: below zero, the brief exceeds it."""


class CostCentreView(View):
    key: str
    name: str
    """Of a budget of its own."""
