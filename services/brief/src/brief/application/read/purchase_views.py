"""What readers get to see of what was bought. All amounts in euro, VAT excluded."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.content import Money, Quantity
from .views import UnitView


class SpendGroupView(View):
    """What figures are about: the part that they are grouped by. Absent: of none."""

    supplier: PersonView | None
    unit: UnitView | None
    category: str | None
    kind: str | None
    month: str | None
    """As in 2026-11."""


class SpendFigureView(View):
    group: SpendGroupView
    briefs: int
    items: int
    amount: Money
    """Of what was approved, as far as it is still to come or came: at the order's quantities and prices, and
    without what was cancelled or closed short."""
    first_quotes: Money | None
    """What the items that suppliers quoted would cost at the first quote for each; absent where none was."""
    saved_on_first_quotes: Money | None
    """Of them; below zero where more is paid."""
    budget: Money | None
    """Their parts of their briefs' budgets."""
    saved_on_budget: Money | None
    """Below zero where more was approved than budgeted."""


class LastPaidView(View):
    """What the article of an item cost the last time that it was bought."""

    item_id: UUID
    unit_price: Money
    bought_on: date
    """The day of the brief's approval."""
    quantity: Quantity
    unit: str
    description: str | None
    """Of what was bought, where that is not the same article: the last of the same kind then."""
    brief_id: UUID
    number: str
    """The brief's."""
    supplier: PersonView | None
