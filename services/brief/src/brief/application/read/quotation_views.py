"""What readers get to see of requests for quotation: purchasing all of it, a supplier what concerns them."""

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
    """By rising quantity; the first is the least that the supplier makes."""
    lead_time_days: int


class QuotedItemView(QuotedLineView):
    """What the quantity that was asked for would cost, where the supplier makes as few."""

    unit_price: Money | None
    amount: Money | None
    best: bool
    """Whether nobody asks less."""


class QuoteView(View):
    lines: list[QuotedLineView]
    valid_until: date
    note: str


class QuotationFileView(View):
    """What a supplier sent with their quotation."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    sent_at: datetime


class QuotationView(View):
    """What one supplier is asked, as they see it."""

    id: UUID
    version: int
    """To be sent back as `If-Match` with an answer."""
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
    """The oldest first."""
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
    """One supplier's quotation beside the others."""

    id: UUID
    supplier: PersonView
    state: QuotationState
    answered_at: datetime | None
    declined_because: str | None
    lines: list[QuotedItemView]
    note: str | None
    files: list[QuotationFileView]
    """The oldest first."""
    valid_until: date | None
    valid: bool
    """Whether the quote still holds today."""
    lead_time_days: int | None
    """The longest of its items."""
    total: Money | None
    """Where it has a price for every item."""
    best_total: bool


class QuotationRequestSummaryView(View):
    id: UUID
    brief_id: UUID
    number: str
    """The brief's."""
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
    """To be sent back as `If-Match` with an award or a cancellation."""
    revision: int
    note: str
    reason: str | None
    """Why it was cancelled."""
    needed_by: date | None
    items: list[AskedItem]
    quotations: list[ComparedQuotationView] | None = None
    """In the order in which suppliers were asked."""
    split_total: Money | None = None
    """With each item from whoever asks least."""
    awarded: list[AwardedItemView] | None = None
    last_paid: list[LastPaidView] | None = None
    """What the items' articles cost the last time: for whoever sees all briefs."""
    catalogue: list[CatalogueOfferView] | None = None
    """What suppliers' catalogues ask for them today, as above."""
    actions: list[RequestAction]
    """What the reader may do now."""
