"""Views of briefs. What a reader may not see is absent, and so is a field without a value."""

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
    """An organisational unit. The name is absent until the directory has published it."""

    id: UUID
    name: str | None = None


class PriceSourceView(View):
    """The quotation from which a price comes. `id` is the quotation's id."""

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
    """Absent if purchasing set the price by hand."""


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
    """The cost centre whose budget is charged. If absent, the budget of the requester's unit is charged."""
    type_key: str | None
    type_version: int | None
    """Version of the type that was current when the brief was begun."""
    form: dict[str, FormValue]
    """Answers to the type's form, by key of the field."""
    items: tuple[Item, ...]
    attachments: tuple[Attachment, ...]


class BriefView(ContentView):
    id: UUID
    number: str
    version: int
    """Send it back as `If-Match` with a change."""
    state: State
    cause: Cause
    """What brought the brief into its state."""
    reason: str | None
    """The reason for a rejection, a request for changes, a cancellation …, in the words of the person who
    gave it."""
    revision: int
    content_hash: str | None = None
    """Hash of a submitted revision with its prices, to which a decision is bound."""
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
    """Whether the brief has prices. Only for readers who may see prices."""
    unread_comments: int
    """Comments of others after the last one that the reader has read. 100 means "100 or more"."""


class StateCountView(View):
    state: State
    briefs: int
    more: bool
    """Whether there are more briefs than `briefs` says, because counting stops at a limit."""


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
    """A former text of a comment."""

    text: str
    at: datetime
    """When the comment got this text."""


class CommentView(View):
    id: UUID
    author: PersonView
    text: str
    at: datetime
    mentioned: list[PersonView]
    edited_at: datetime | None
    earlier: list[CommentVersionView]
    """Former texts, oldest first."""
    unread: bool
    """Whether somebody else wrote the comment and the reader has not read so far."""
    actions: list[CommentAction]
    """What the reader may do now."""


class ReadMarkerView(View):
    """How far the reader has read a brief's comments."""

    comment_id: UUID
    unread: int
    """Number of comments that others wrote after this one. 100 means "100 or more"."""


class ShipmentOfItemView(View):
    """A shipment under a valid document, and the quantity of the item in it."""

    ddt_number: str | None
    issued_on: date | None
    state: ShipmentState
    delivered_at: datetime | None
    quantity: Quantity


class ItemProgressView(View):
    """The progress of one item. Quantities are in the item's unit."""

    item_id: UUID
    description: str
    unit: str
    requested: Quantity
    ordered: Quantity
    produced: Quantity
    """The produced quantity; zero until the item's job is completed."""
    shipped: Quantity
    """The shipped quantity, including what was delivered."""
    delivered: Quantity
    closed: bool
    """Whether the item was closed short, so that no more of it is made or shipped."""
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
