"""Views of requests for quotation. Purchasing sees whole requests; a supplier sees only what concerns
them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.content import Money
from ...domain.quotations import AskedItem, PriceBreak, QuotationState, RequestState
from .access import QuotationAction, RequestAction
from .catalogue_views import CatalogueOfferView
from .purchase_views import LastPaidView


class QuotedLineView(View):
    item_id: UUID
    breaks: list[PriceBreak]
    """Price breaks by rising quantity. The quantity of the first is the least that the supplier sells."""
    lead_time_days: int


class QuotedItemView(QuotedLineView):
    """A quoted item with its price for the requested quantity. The price is absent if that quantity is below
    the supplier's minimum."""

    unit_price: Money | None
    amount: Money | None
    best: bool
    """Whether no other supplier asks less."""


class QuoteView(View):
    lines: list[QuotedLineView]
    valid_until: date
    note: str


class QuotationFileView(View):
    """A file that a supplier sent with their quotation."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    sent_at: datetime


class QuotationView(View):
    """A quotation as its supplier sees it."""

    id: UUID
    version: int
    """Send it back as `If-Match` with an answer."""
    title: str
    note: str
    state: QuotationState
    due_at: datetime
    needed_by: date | None
    asked_at: datetime
    asked_by: PersonView
    items: list[AskedItem]
    quote: QuoteView | None
    declined_because: str | None
    answered_at: datetime | None
    awarded_item_ids: list[UUID]
    files: list[QuotationFileView]
    """Files, oldest first."""
    actions: list[QuotationAction]
    """What the reader may do now."""


class QuotationSummaryView(View):
    id: UUID
    title: str
    state: QuotationState
    due_at: datetime
    needed_by: date | None
    asked_at: datetime


class ComparedQuotationView(View):
    """One supplier's quotation in the comparison of all quotations."""

    id: UUID
    supplier: PersonView
    state: QuotationState
    answered_at: datetime | None
    declined_because: str | None
    lines: list[QuotedItemView]
    note: str | None
    files: list[QuotationFileView]
    """Files, oldest first."""
    valid_until: date | None
    valid: bool
    """Whether the quote can be chosen today: it is still valid, and its supplier still quotes."""
    supplier_left: bool
    """Whether the supplier is no longer active, or may no longer quote. Nobody waits for their answer, and
    their quote cannot be chosen."""
    lead_time_days: int | None
    """The longest lead time of its items."""
    total: Money | None
    """Present if the quote has a price for every item."""
    best_total: bool


class QuotationRequestSummaryView(View):
    id: UUID
    brief_id: UUID
    number: str
    """The brief's number."""
    title: str
    state: RequestState
    due_at: datetime
    asked_at: datetime
    asked_by: PersonView


class AwardedItemView(View):
    item_id: UUID
    quotation_id: UUID
    supplier: PersonView


class QuotationRequestView(QuotationRequestSummaryView):
    version: int
    """Send it back as `If-Match` with an award or a cancellation."""
    revision: int
    note: str
    reason: str | None
    """Why the request was cancelled."""
    needed_by: date | None
    items: list[AskedItem]
    quotations: list[ComparedQuotationView] | None = None
    """Quotations in the order in which the suppliers were asked."""
    split_total: Money | None = None
    """The total if each item is bought at its lowest price."""
    awarded: list[AwardedItemView] | None = None
    last_paid: list[LastPaidView] | None = None
    """What the items' articles cost when they were last bought. Only for readers who may see all briefs."""
    catalogue: list[CatalogueOfferView] | None = None
    """What suppliers' catalogues ask for the items today. Only for readers who may see all briefs."""
    actions: list[RequestAction]
    """What the reader may do now."""
