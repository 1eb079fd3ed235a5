"""Everything with a price in it. A topic permission of its own guards these types on the broker."""

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
    """Where the price was awarded to a supplier; none where purchasing set it by hand."""


class QuotedTerms(Fact):
    """Which supplier's quotation a price comes from, and on what terms."""

    quotation_id: UUID
    supplier_id: UUID
    lead_time_days: int
    """From the order to the goods."""
    valid_until: date


class BriefPriced(EventData):
    """Purchasing priced a submitted revision. Published by brief; subject: the brief."""

    type: ClassVar[str] = "optima.economics.brief_priced.v1"
    brief_id: UUID
    revision: int
    content_hash: str
    """The revision's new hash: what is approved includes what it costs."""
    lines: list[PricedItem]
    total: Money


class BriefPricesApproved(EventData):
    """A priced revision was approved: from now on these prices bind, up to the ERP. Published by brief just
    before `brief.approved`; subject: the brief."""

    type: ClassVar[str] = "optima.economics.brief_prices_approved.v1"
    brief_id: UUID
    revision: int
    approval_id: UUID
    content_hash: str
    """Of what was approved, as in `brief_priced`."""
    lines: list[PricedItem]
    total: Money


class CatalogueBreak(Fact):
    from_quantity: Quantity
    unit_price: Money
    """Euro for one unit from so many on, VAT excluded."""


class CataloguePriceKept(EventData):
    """Purchasing keeps what a supplier's catalogue asks, or changed it. Published by brief; subject: the
    catalogue price."""

    type: ClassVar[str] = "optima.economics.catalogue_price_kept.v1"
    price_id: UUID
    supplier_id: UUID
    kind: str
    description: str | None = None
    """Of the article; none: for every one of the kind."""
    unit: str
    breaks: list[CatalogueBreak]
    lead_time_days: int
    valid_from: date
    valid_until: date
    """Both days included."""


class BudgetPlanned(EventData):
    """A budget was planned, or its plan changed. Published by brief; subject: the budget."""

    type: ClassVar[str] = "optima.economics.budget_planned.v1"
    budget_id: UUID
    name: str
    unit_id: UUID | None = None
    cost_centre: str | None = None
    """One of the two: whose budget it is."""
    period_from: date
    period_to: date
    """Both days included."""
    planned: Money
    """From now on."""
    blocking: bool
    """Whether nothing may be committed that is not left."""
    reason: str | None = None
    released_brief_id: UUID | None = None
    """The brief that the plan was raised for, by what it lacked."""


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
    """What a brief takes of a budget changed: it was approved, delivered, cancelled … Published by brief;
    subject: the budget."""

    type: ClassVar[str] = "optima.economics.budget_charged.v1"
    budget_id: UUID
    brief_id: UUID
    cause: BudgetCause
    committed: Money
    """Of this brief from now on: approved, and not delivered yet."""
    spent: Money
    """Of this brief from now on: delivered."""
    uncovered: Money
    """Of this brief: what its blocking budget has no room for."""
    budget_planned: Money
    budget_committed: Money
    budget_spent: Money
    """Of the budget from now on, all its briefs together."""


class BudgetTold(EventData):
    """How the budget stood that a brief is to be charged to, when a revision was submitted: conditions of
    approval processes read it. Published by brief just before `brief.submitted`; subject: the brief."""

    type: ClassVar[str] = "optima.economics.budget_told.v1"
    brief_id: UUID
    revision: int
    budget_id: UUID
    planned: Money
    committed: Money
    spent: Money


class JobEconomicsSet(EventData):
    """An admin set a job's technical-economic details. Published by production; subject: the job."""

    type: ClassVar[str] = "optima.economics.job_set.v1"
    job_id: UUID
    order_id: UUID
    cost: Money
    price: Money
    margin: Money
    """`price - cost`, euro for the whole job."""
    supplier: str | None = None
    materials: str = ""
    approved_unit_price: Money | None = None
    """None where the order's brief was approved without prices, or there is none."""
    price_reason: str | None = None
    """Why the price differs from the approved one, by less than the tenant tolerates."""


class AmendmentRequested(EventData):
    """An admin asks for another price or quantity of an order's line than was approved with its brief: it is
    to be approved anew. Published by production; subject: the amendment."""

    type: ClassVar[str] = "optima.economics.amendment_requested.v1"
    amendment_id: UUID
    order_id: UUID
    job_id: UUID
    brief_id: UUID | None = None
    number: str
    """The order's."""
    title: str
    """The order's."""
    description: str
    """The line's."""
    kind: str
    unit: str
    quantity: Quantity
    unit_price_before: Money
    """As approved until now, euro for one unit, VAT excluded."""
    unit_price: Money
    """The same where the quantity alone is to change."""
    amount_before: Money
    amount: Money
    """`quantity_after × unit_price`, rounded half up to the cent; of `quantity` where that stays."""
    reason: str
    process: str
    """Key of the approval process that it enters."""
    requester_id: UUID
    content_hash: str
    """Of the line, its quantity, both prices and what is to be ordered instead: what is approved."""
    quantity_after: Quantity | None = None
    """That is to be ordered instead; absent where it stays."""
    deliveries_after: list[OrderDelivery] | None = None
    """Of that quantity; none where it may go anywhere."""


AmendmentOutcome = Literal["applied", "rejected", "not_approved", "lapsed", "revoked"]


class AmendmentEnded(EventData):
    """An amendment was applied, or changes nothing; or one that was applied is revoked. Published by
    production; subject: the amendment."""

    type: ClassVar[str] = "optima.economics.amendment_ended.v1"
    amendment_id: UUID
    order_id: UUID
    job_id: UUID
    brief_id: UUID | None = None
    number: str
    """The order's."""
    outcome: AmendmentOutcome
    """`applied`: its price and quantity bind. `not_approved`: nobody decided. `lapsed`: the order or its line
    ended, or changed otherwise, meanwhile. `revoked`: the price that was approved before binds again, and the
    quantity where it may still change."""
    unit_price: Money
    """That was asked for."""
    content_hash: str
    requester_id: UUID
    quantity_after: Quantity | None = None
    """That was asked for; absent where it was to stay."""


class OrderValued(EventData):
    """Every job of an order has economics. Published by production; subject: the order."""

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
