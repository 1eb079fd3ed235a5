"""Views of budgets. All amounts are in euro, VAT excluded."""

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
    """A budget belongs either to a unit or to a cost centre, so one of the two is present."""
    period_from: date
    period_to: date
    """The last day; the first and the last day both belong to the period."""
    planned: Money
    committed: Money
    """Amount that is approved and not delivered yet."""
    spent: Money
    """Amount that is delivered."""
    available: Money
    """`planned - committed - spent`. It is negative if a budget that does not block was exceeded."""
    blocking: bool
    uncovered: bool | None = None
    """Whether briefs are charged to the budget for which it has no room."""


class BudgetView(BudgetSummaryView):
    version: int
    """Send it back as `If-Match` with a change."""
    actions: list[BudgetAction]
    """What the reader may do now."""


class BriefOfBudgetView(View):
    """A brief that the reader may see."""

    id: UUID
    number: str


class BudgetEntryView(View):
    """One change of a budget's balance."""

    at: datetime
    cause: EntryCause
    brief: BriefOfBudgetView | None
    """Absent if the change is not about a brief, or the reader may not see the brief."""
    planned: Money
    committed: Money
    spent: Money
    """By how much the amount changed; so do `planned` and `committed`."""
    reason: str | None
    actor: PersonView | None
    on_behalf_of: PersonView | None


class BudgetChargeView(View):
    """What a brief takes from the budget."""

    brief: BriefOfBudgetView | None
    title: str | None
    state: State | None
    """Absent, like `brief` and `title`, if the reader may not see the brief."""
    committed: Money
    spent: Money
    uncovered: Money
    """Amount for which the budget has no room."""
    waiting: bool
    """Whether the brief waits until the budget has room."""


class BriefBudgetView(View):
    """The budget to which a brief is or would be charged, and what the brief takes from it."""

    budget: BudgetSummaryView
    charged: bool
    """Whether the brief is charged to the budget, which happens at its approval. If not, it would take
    `amount`."""
    amount: Money
    """What the brief takes in all or, before its approval, would take as far as its cost is known."""
    committed: Money
    spent: Money
    uncovered: Money
    waiting: bool
    left: Money
    """What remains of the budget with the whole brief charged to it. If it is negative, the brief exceeds
    it."""


class CostCentreView(View):
    key: str
    name: str
    """Name of one of the cost centre's budgets."""
