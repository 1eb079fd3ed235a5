"""Views of suppliers' catalogue prices. Amounts are in euro, VAT excluded."""

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
    """Description of the article; absent if the price holds for every article of the kind."""
    unit: str
    breaks: list[PriceBreak]
    """Price breaks by rising quantity. The quantity of the first is the least that the supplier sells."""
    lead_time_days: int
    valid_from: date
    valid_until: date
    """The last day; the price is valid on the first and on the last day too."""
    valid: bool
    """Whether the price is valid today."""
    kept_at: datetime
    kept_by: PersonView
    version: int
    """Send it back as `If-Match` with a change."""
    actions: list[CatalogueAction]
    """What the reader may do now."""


class CatalogueOfferView(View):
    """The price that a supplier's catalogue names today for the quantity of an item."""

    item_id: UUID
    price_id: UUID
    supplier: PersonView
    unit_price: Money
    amount: Money
    lead_time_days: int
    valid_until: date
    description: str | None
    """Absent if the price holds for every article of the kind."""


class PriceSuggestionsView(View):
    """What items might cost, by suppliers' catalogues and by what was last paid."""

    catalogue: list[CatalogueOfferView]
    """Offers for each item, cheapest first, with one offer per supplier."""
    last_paid: list[LastPaidView]
