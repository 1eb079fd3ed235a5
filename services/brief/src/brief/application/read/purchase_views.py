"""Views of purchases. All amounts are in euro, VAT excluded."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.content import Money, Quantity
from .views import UnitView


class SpendGroupView(View):
    """The group that figures are about. Only the field by which they are grouped may be present; it is absent
    for purchases without a value in it."""

    supplier: PersonView | None
    unit: UnitView | None
    category: str | None
    kind: str | None
    month: str | None
    """A month such as 2026-11."""


class SpendFigureView(View):
    group: SpendGroupView
    briefs: int
    items: int
    amount: Money
    """Cost of approved items that are delivered or still to be delivered, at the order's quantities and
    prices. Cancelled items and quantities closed short are left out."""
    first_quotes: Money | None
    """What the quoted items would cost at the first quote for each; absent if no item was quoted."""
    saved_on_first_quotes: Money | None
    """Saving on the quoted items against the first quotes. It is negative if more was paid."""
    budget: Money | None
    """The sum of the items' parts of their briefs' budgets."""
    saved_on_budget: Money | None
    """Saving against the budgets. It is negative if more was approved than budgeted."""


class LastPaidView(View):
    """What the article of an item cost when it was last bought."""

    item_id: UUID
    unit_price: Money
    bought_on: date
    """The day of the brief's approval."""
    quantity: Quantity
    unit: str
    description: str | None
    """Description of what was bought, if this is another article of the same kind because the item's article
    was never bought."""
    brief_id: UUID
    number: str
    """The brief's number."""
    supplier: PersonView | None
