"""Suppliers' catalogue prices: what a supplier asks for an article in a period. They are suggestions and bind
nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final
from uuid import UUID

from optima_contracts.money import amount_of
from optima_kit.refusals import Invalid

from .pricing import LIMIT
from .purchases import Article
from .quotations import PriceBreak, unit_price_of

LONGEST: Final = timedelta(days=5 * 366)
"""The longest validity. A longer one is taken for a typing error."""
MOST_OFFERS: Final = 5
"""The most offers that are suggested for one item."""


@dataclass(frozen=True, slots=True)
class CataloguePrice:
    price_id: UUID
    supplier_id: UUID
    kind: str
    description: str | None
    """Description of the article; None if the price holds for every article of the kind."""
    unit: str
    breaks: tuple[PriceBreak, ...]
    """Price breaks by rising quantity. The quantity of the first is the least that the supplier sells."""
    lead_time_days: int
    valid_from: date
    valid_until: date
    """The last day; the price is valid on the first and on the last day too."""
    kept_at: datetime
    kept_by: UUID
    version: int = 1

    def unit_price(self, quantity: Decimal) -> Decimal | None:
        return unit_price_of(self.breaks, quantity)

    def is_of(self, article: Article) -> bool:
        same = (self.kind, self.unit) == (article.kind, article.unit)
        return same and self.description in (None, article.description)

    def changed(
        self,
        breaks: tuple[PriceBreak, ...],
        lead_time_days: int,
        valid_from: date,
        valid_until: date,
        *,
        at: datetime,
        by: UUID,
    ) -> CataloguePrice:
        """Return the price with new terms. Its supplier and its article stay."""
        after = replace(
            self,
            breaks=breaks,
            lead_time_days=lead_time_days,
            valid_from=valid_from,
            valid_until=valid_until,
            kept_at=at,
            kept_by=by,
            version=self.version + 1,
        )
        catalogue_price_fits(after)
        return after


@dataclass(frozen=True, slots=True)
class Offer:
    """The price that a supplier's catalogue asks for an item of a brief."""

    price: CataloguePrice
    unit_price: Decimal
    amount: Decimal


def catalogue_price_fits(price: CataloguePrice) -> None:
    if price.valid_until < price.valid_from:
        raise Invalid("validity_ends_before_it_begins", field="valid_until")
    if price.valid_until - price.valid_from > LONGEST:
        raise Invalid("validity_too_long", field="valid_until")
    if any(after.from_quantity <= before.from_quantity for before, after in pairwise(price.breaks)):
        raise Invalid("catalogue_breaks_not_rising", field="breaks")


def offers_for(
    wanted: Mapping[UUID, tuple[Article, Decimal]], prices: Iterable[CataloguePrice]
) -> dict[UUID, list[Offer]]:
    """Return offers for each item of `wanted`, cheapest first, with at most one offer per supplier. `wanted`
    holds each item's article and quantity."""
    known = list(prices)
    return {item_id: _offers(article, quantity, known) for item_id, (article, quantity) in wanted.items()}


def _offers(article: Article, quantity: Decimal, prices: Sequence[CataloguePrice]) -> list[Offer]:
    cheapest: dict[UUID, Offer] = {}
    for each in prices:
        unit_price = each.unit_price(quantity) if each.is_of(article) else None
        if unit_price is None or amount_of(quantity, unit_price) >= LIMIT:
            continue
        known = cheapest.get(each.supplier_id)
        if known is None or unit_price < known.unit_price:
            cheapest[each.supplier_id] = Offer(each, unit_price, amount_of(quantity, unit_price))
    return sorted(cheapest.values(), key=lambda offer: (offer.unit_price, offer.price.price_id))[:MOST_OFFERS]
