"""Events that contain prices. On the broker a topic permission of their own guards these types."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData, Fact, Money, Quantity
from .production import OrderDelivery


class PricedItem(Fact):
    item_id: UUID
    quantity: Quantity
    unit_price: Money
    """Euro for one unit, VAT excluded."""
    amount: Money
    """`quantity × unit_price`, rounded half up to the cent."""
    quotation: QuotedTerms | None = None
    """Terms of the supplier to whom the item was awarded; absent if purchasing set the price by hand."""


class QuotedTerms(Fact):
    """Which supplier's quotation a price comes from, and on what terms."""

    quotation_id: UUID
    supplier_id: UUID
    lead_time_days: int
    """Days from the order to the delivery of the goods."""
    valid_until: date


class BriefPriced(EventData):
    """Purchasing priced a submitted revision. Published by the brief service; subject: the brief."""

    type: ClassVar[str] = "optima.economics.brief_priced.v1"
    brief_id: UUID
    revision: int
    content_hash: str
    """The revision's new hash. It covers the prices, because approval includes them."""
    lines: list[PricedItem]
    total: Money


class BriefPricesApproved(EventData):
    """A priced revision was approved: from now on its prices are binding as far as the ERP. Published by the
    brief service just before `brief.approved`; subject: the brief."""

    type: ClassVar[str] = "optima.economics.brief_prices_approved.v1"
    brief_id: UUID
    revision: int
    approval_id: UUID
    content_hash: str
    """Hash of the approved revision, as in `brief_priced`."""
    lines: list[PricedItem]
    total: Money


class CatalogueBreak(Fact):
    from_quantity: Quantity
    unit_price: Money
    """Euro for one unit, VAT excluded, for quantities from `from_quantity` on."""


class CataloguePriceKept(EventData):
    """Purchasing added or changed a price from a supplier's catalogue. Published by the brief service;
    subject: the catalogue price."""

    type: ClassVar[str] = "optima.economics.catalogue_price_kept.v1"
    price_id: UUID
    supplier_id: UUID
    kind: str
    description: str | None = None
    """Description of the article; absent if the price holds for every article of the kind."""
    unit: str
    breaks: list[CatalogueBreak]
    lead_time_days: int
    valid_from: date
    valid_until: date
    """The last day; the price is valid on the first and on the last day too."""


class BudgetPlanned(EventData):
    """A budget was planned, or its plan changed. Published by the brief service; subject: the budget."""

    type: ClassVar[str] = "optima.economics.budget_planned.v1"
    budget_id: UUID
    name: str
    unit_id: UUID | None = None
    cost_centre: str | None = None
    """The budget belongs either to a unit or to a cost centre, so one of the two is present."""
    period_from: date
    period_to: date
    """The last day; the first and the last day both belong to the period."""
    planned: Money
    """The planned amount from now on."""
    blocking: bool
    """Whether the budget forbids to commit more than is left."""
    reason: str | None = None
    released_brief_id: UUID | None = None
    """The brief for which the plan was raised by the amount that was lacking."""


BudgetCause = Literal[
    "approved",
    "released",
    "room_made",
    "delivered",
    "delivery_undone",
    "closed_short",
    "order_delivered",
    "cancelled",
    "cancellation_revoked",
    "price_corrected",
]


class BudgetCharged(EventData):
    """What a brief takes from a budget changed, because it was approved, delivered, cancelled … Published by
    the brief service; subject: the budget."""

    type: ClassVar[str] = "optima.economics.budget_charged.v1"
    budget_id: UUID
    brief_id: UUID
    cause: BudgetCause
    committed: Money
    """Amount of this brief that is now approved and not yet delivered."""
    spent: Money
    """Amount of this brief that is now delivered."""
    uncovered: Money
    """Amount of this brief for which its blocking budget has no room."""
    budget_planned: Money
    budget_committed: Money
    budget_spent: Money
    """These three are the budget's amounts from now on, for all its briefs together."""


class BudgetTold(EventData):
    """A revision was submitted whose brief is to be charged to a budget: the event holds the budget's amounts
    at that moment, for the conditions of approval processes. Published by the brief service just before
    `brief.submitted`; subject: the brief."""

    type: ClassVar[str] = "optima.economics.budget_told.v1"
    brief_id: UUID
    revision: int
    budget_id: UUID
    planned: Money
    committed: Money
    spent: Money


class JobEconomicsSet(EventData):
    """An admin set a job's technical-economic details. Published by the production service; subject: the
    job."""

    type: ClassVar[str] = "optima.economics.job_set.v1"
    job_id: UUID
    order_id: UUID
    cost: Money
    price: Money
    margin: Money
    """`price - cost`, in euro for the whole job."""
    supplier: str | None = None
    materials: str = ""
    approved_unit_price: Money | None = None
    """None if the order has no brief, or its brief was approved without prices."""
    price_reason: str | None = None
    """Why the price differs from the approved one. The difference is within the tenant's tolerance."""


class AmendmentRequested(EventData):
    """An admin asked for another price or quantity of an order's line than was approved with the brief. The
    amendment needs an approval of its own. Published by the production service; subject: the amendment."""

    type: ClassVar[str] = "optima.economics.amendment_requested.v1"
    amendment_id: UUID
    order_id: UUID
    job_id: UUID
    brief_id: UUID | None = None
    number: str
    """The order's number."""
    title: str
    """The order's title."""
    description: str
    """The line's description."""
    kind: str
    unit: str
    quantity: Quantity
    unit_price_before: Money
    """The price approved until now, in euro for one unit, VAT excluded."""
    unit_price: Money
    """The new price, or the same as before if only the quantity is to change."""
    amount_before: Money
    amount: Money
    """`quantity_after × unit_price`, or `quantity × unit_price` if the quantity stays; rounded half up to the
    cent."""
    reason: str
    process: str
    """Key of the approval process that the amendment enters."""
    requester_id: UUID
    content_hash: str
    """Hash of what is to be approved: the line, its quantity, both prices and what is to be ordered
    instead."""
    quantity_after: Quantity | None = None
    """The quantity that is to be ordered instead; absent if the quantity stays."""
    deliveries_after: list[OrderDelivery] | None = None
    """How `quantity_after` is divided among destinations; empty if it may go anywhere."""


AmendmentOutcome = Literal["applied", "rejected", "not_approved", "lapsed", "revoked"]


class AmendmentEnded(EventData):
    """An amendment was applied or ended without effect, or an applied amendment was revoked. Published by the
    production service; subject: the amendment."""

    type: ClassVar[str] = "optima.economics.amendment_ended.v1"
    amendment_id: UUID
    order_id: UUID
    job_id: UUID
    brief_id: UUID | None = None
    number: str
    """The order's number."""
    outcome: AmendmentOutcome
    """`applied`: the amendment's price and quantity are binding. `not_approved`: nobody decided. `lapsed`:
    the order or its line ended, or changed in another way, meanwhile. `revoked`: the price approved before is
    binding again, and so is the quantity if it may still change."""
    unit_price: Money
    """The price that the amendment asked for."""
    content_hash: str
    requester_id: UUID
    quantity_after: Quantity | None = None
    """The quantity that the amendment asked for; absent if the quantity was to stay."""


class OrderValued(EventData):
    """All jobs of an order have economics now. Published by the production service; subject: the order."""

    type: ClassVar[str] = "optima.economics.order_valued.v1"
    order_id: UUID
    brief_id: UUID | None
    lines: list[OrderLineValue]
    total: Money


class OrderLineValue(Fact):
    job_id: UUID
    unit_price: Money
    amount: Money
    vat_code: str = "22"


PricedItem.model_rebuild()
OrderValued.model_rebuild()
