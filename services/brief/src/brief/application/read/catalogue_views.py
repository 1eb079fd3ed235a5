"""What readers get to see of suppliers' catalogue prices. Euro, VAT excluded."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.content import Money
from ...domain.quotations import PriceBreak
from .access import CatalogueAction
from .purchase_views import LastPaidView


class CataloguePriceView(View):
    id: UUID
    supplier: PersonView
    kind: str
    description: str | None
    """Of the article; absent: for every one of the kind."""
    unit: str
    breaks: list[PriceBreak]
    """By rising quantity; the first is the least that the supplier makes."""
    lead_time_days: int
    valid_from: date
    valid_until: date
    """Both days included."""
    valid: bool
    """Whether it holds today."""
    kept_at: datetime
    kept_by: PersonView
    version: int
    """To be sent back as `If-Match` with a change."""
    actions: list[CatalogueAction]
    """What the reader may do now."""


class CatalogueOfferView(View):
    """What a catalogue asks for an item today, for as many as are asked for."""

    item_id: UUID
    price_id: UUID
    supplier: PersonView
    unit_price: Money
    amount: Money
    lead_time_days: int
    valid_until: date
    description: str | None
    """Absent: the price is for every article of the kind."""


class PriceSuggestionsView(View):
    """What an item might cost: by catalogues, and by what was paid the last time."""

    catalogue: list[CatalogueOfferView]
    """Of each item the cheapest first, one a supplier."""
    last_paid: list[LastPaidView]
