"""Prices of a revision, and the hash that binds decisions to its content and prices."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from optima_contracts.money import amount_of
from optima_kit.refusals import Invalid, Refusal, Violations

from .content import Content, Item, Money, Quantity

LIMIT = Decimal(10) ** 12
"""In euro. A brief must cost less than this, because amounts in events have at most twelve digits."""


class QuotedTerms(BaseModel):
    """Which supplier's quotation a price comes from, and on what terms."""

    model_config = ConfigDict(frozen=True)

    quotation_id: UUID
    supplier_id: UUID
    lead_time_days: int
    valid_until: date


class PriceLine(BaseModel):
    model_config = ConfigDict(frozen=True)

    item_id: UUID
    quantity: Quantity
    unit_price: Money
    """Euro for one unit, VAT excluded."""
    amount: Money
    """`quantity × unit_price`, rounded half up to the cent."""
    quotation: QuotedTerms | None = None
    """Terms of the supplier to whom the item was awarded; None if purchasing set the price by hand."""


class Pricing(BaseModel):
    """The prices of one revision as purchasing set them at one time. A pricing never changes; if the revision
    is priced again, it gets another one."""

    model_config = ConfigDict(frozen=True)

    pricing_id: UUID
    revision: int
    lines: tuple[PriceLine, ...]
    total: Money
    content_hash: str
    priced_at: datetime
    priced_by: UUID

    def unit_prices(self) -> dict[UUID, Decimal]:
        return {line.item_id: line.unit_price for line in self.lines}

    def same_prices_as(self, other: Pricing) -> bool:
        return self.revision == other.revision and self.lines == other.lines


def price_revision(
    content: Content,
    prices: Sequence[tuple[UUID, Decimal]],
    quoted: Mapping[UUID, QuotedTerms] = MappingProxyType({}),
    *,
    revision: int,
    pricing_id: UUID,
    at: datetime,
    by: UUID,
) -> Pricing:
    """Price a revision. `prices` holds each item's unit price; `quoted` holds the terms of items whose prices
    come from a quotation. Raises Violations that name each item without a price and each price without an
    item, and that say if an item has two prices."""
    unit_prices = dict(prices)
    problems: list[Refusal] = [
        Invalid("item_without_price", field="lines", item=item.description)
        for item in content.items
        if item.item_id not in unit_prices
    ]
    problems += [
        Invalid("price_without_item", field="lines", item_id=str(item_id))
        for item_id in unit_prices
        if content.item(item_id) is None
    ]
    if len(unit_prices) != len(prices):
        problems.append(Invalid("price_repeated", field="lines"))
    if problems:
        raise Violations(problems)
    lines = tuple(
        price_line(item, unit_prices[item.item_id], quoted.get(item.item_id)) for item in content.items
    )
    total = sum((line.amount for line in lines), Decimal(0))
    if total >= LIMIT:
        raise Invalid("total_too_large", field="lines", limit=LIMIT)
    return Pricing(
        pricing_id=pricing_id,
        revision=revision,
        lines=lines,
        total=total,
        content_hash=content_hash(content, pricing_id, lines),
        priced_at=at,
        priced_by=by,
    )


def price_line(item: Item, unit_price: Decimal, quoted: QuotedTerms | None) -> PriceLine:
    return PriceLine(
        item_id=item.item_id,
        quantity=item.quantity,
        unit_price=unit_price,
        amount=amount_of(item.quantity, unit_price),
        quotation=quoted,
    )


def content_hash(content: Content, pricing_id: UUID | None = None, lines: tuple[PriceLine, ...] = ()) -> str:
    """Return the SHA-256, in hexadecimal, of the canonical JSON (sorted keys, no spaces, UTF-8) of
    `{"content": …, "pricing_id": …, "prices": [{"item_id": …, "unit_price": …}, …]}`.

    The random pricing id keeps prices secret. Without it, people who may read the hash and the content but
    not the prices could find a unit price by trying likely ones."""
    hashed = {
        # The content as it is published, without fields that a newer release stored.
        "content": Content.model_validate(content.as_json(), extra="ignore").as_json(),
        "pricing_id": str(pricing_id) if pricing_id else None,
        "prices": [line.model_dump(mode="json", include={"item_id", "unit_price"}) for line in lines],
    }
    canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def carried_over_prices(
    earlier: Content, prices: Mapping[UUID, Decimal], content: Content
) -> dict[UUID, Decimal]:
    """Return proposed unit prices for those items of `content` that have the same kind, description and
    quantity as an item of `earlier`. `prices` are the unit prices of `earlier`. Proposals are not prices yet:
    purchasing confirms or changes them."""
    known: dict[tuple[str, str, Decimal], Decimal] = {}
    for item in earlier.items:
        if item.item_id in prices:
            known.setdefault(_what_is_asked(item), prices[item.item_id])
    return {item.item_id: known[asked] for item in content.items if (asked := _what_is_asked(item)) in known}


def _what_is_asked(item: Item) -> tuple[str, str, Decimal]:
    return item.kind, item.description, item.quantity
