"""What a reader gets to see of briefs. What they may not see is absent, and so is what has no value."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.content import Attachment, Item, Money, Quantity
from ...domain.forms import FormValue
from ...domain.lifecycle import Cause, State
from ...domain.progress import ShipmentState
from .access import Action, CommentAction


class UnitView(View):
    """An organisational unit. The name is absent until the directory has told it."""

    id: UUID
    name: str | None = None


class PriceSourceView(View):
    """The quotation that a price comes from. Its `id` is the quotation's."""

    id: UUID
    supplier: PersonView
    lead_time_days: int
    valid_until: date


class PriceLineView(View):
    item_id: UUID
    quantity: Quantity
    unit_price: Money
    """Euro for one unit, VAT excluded."""
    amount: Money
    """`quantity × unit_price`, rounded half up to the cent."""
    quotation: PriceSourceView | None
    """Absent where purchasing set the price by hand."""


class PricingView(View):
    id: UUID
    lines: list[PriceLineView]
    total: Money
    priced_at: datetime
    priced_by: PersonView


class ProposedPriceView(View):
    item_id: UUID
    unit_price: Money


class ContentView(View):
    title: str
    category: str | None
    purpose: str
    budget: Money | None
    deadline: date | None
    customer: str | None
    cost_centre: str | None
    """Whose budget is charged; absent: that of the requester's unit."""
    type_key: str | None
    type_version: int | None
    """The type that the brief began with, in the version of that day."""
    form: dict[str, FormValue]
    """Answers to the type's form, by field."""
    items: tuple[Item, ...]
    attachments: tuple[Attachment, ...]


class BriefView(ContentView):
    id: UUID
    number: str
    version: int
    """To be sent back as `If-Match` with a change."""
    state: State
    cause: Cause
    """What brought it into its state."""
    reason: str | None
    """Why, in the words of whoever caused it: of a rejection, a request for changes, a cancellation …"""
    revision: int
    content_hash: str | None = None
    """Of a submitted revision with its prices: what a decision is bound to."""
    process: str | None = None
    requester: PersonView
    unit: UnitView | None
    drafted_at: datetime
    changed_at: datetime
    submitted_at: datetime | None = None
    prices: PricingView | None = None
    proposed_prices: list[ProposedPriceView] | None = None
    approval_id: UUID | None
    order_id: UUID | None
    actions: list[Action]
    """What the reader may do now."""


class BriefSummaryView(View):
    id: UUID
    number: str
    state: State
    cause: Cause
    revision: int
    title: str
    category: str | None
    budget: Money | None
    deadline: date | None
    requester: PersonView
    unit: UnitView | None
    type_key: str | None
    drafted_at: datetime
    changed_at: datetime
    priced: bool | None = None
    """To those who may see prices."""
    unread_comments: int
    """Of others, since the reader last said how far they have read; a hundred stand for more."""


class StateCountView(View):
    state: State
    briefs: int
    more: bool
    """Whether there are more than were counted."""


class BriefCountsView(View):
    states: list[StateCountView]


class RevisionView(ContentView):
    revision: int
    content_hash: str
    process: str
    submitted_at: datetime
    submitted_by: PersonView
    prices: PricingView | None = None
    proposed_prices: list[ProposedPriceView] | None = None


class CommentVersionView(View):
    """What a comment said until it was changed."""

    text: str
    at: datetime
    """When it came to say so."""


class CommentView(View):
    id: UUID
    author: PersonView
    text: str
    at: datetime
    mentioned: list[PersonView]
    edited_at: datetime | None
    earlier: list[CommentVersionView]
    """The oldest first."""
    unread: bool
    """Whether somebody else wrote it, after what the reader has said that they read."""
    actions: list[CommentAction]
    """What the reader may do now."""


class ReadMarkerView(View):
    """How far the reader has read a brief's comments."""

    comment_id: UUID
    unread: int
    """What others wrote after it; a hundred stand for more."""


class ShipmentOfItemView(View):
    """A shipment under a document that stands, and how much of the item it holds."""

    ddt_number: str | None
    issued_on: date | None
    state: ShipmentState
    delivered_at: datetime | None
    quantity: Quantity


class ItemProgressView(View):
    """How far one item has come. Quantities in its unit."""

    item_id: UUID
    description: str
    unit: str
    requested: Quantity
    ordered: Quantity
    produced: Quantity
    """Zero until all of it is made."""
    shipped: Quantity
    """What was delivered is part of it."""
    delivered: Quantity
    closed: bool
    """Short: no more of it is made or shipped."""
    shipments: list[ShipmentOfItemView]


class TransitionView(View):
    """One step of a brief's history."""

    at: datetime
    from_state: State | None
    to_state: State
    revision: int
    cause: Cause
    reason: str | None
    actor: PersonView | None
    on_behalf_of: PersonView | None
