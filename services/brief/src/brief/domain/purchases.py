"""What was bought: the items of approved briefs that had prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from .brief import Brief


@dataclass(frozen=True, slots=True, order=True)
class Article:
    """What an item asks for, whatever its quantity."""

    kind: str
    description: str
    unit: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """An item as it was approved. Euro, VAT excluded."""

    item_id: UUID
    article: Article
    quantity: Decimal
    unit_price: Decimal
    supplier_id: UUID | None
    """Whose quotation was chosen; None where purchasing set the price by hand."""


@dataclass(frozen=True, slots=True)
class LastPaid:
    """What an article was bought for the last time, in a brief that was not cancelled."""

    unit_price: Decimal
    bought_at: datetime
    article: Article
    """Of the same kind and unit; of another description, where this one was never bought."""
    quantity: Decimal
    brief_id: UUID
    number: str
    """The brief's."""
    supplier_id: UUID | None


def purchases_of(brief: Brief) -> Iterator[Purchase]:
    """Of a brief that is approved: none, where it had no prices."""
    if brief.pricing is None or brief.submitted is None:
        return
    for line in brief.pricing.lines:
        item = brief.submitted.content.item(line.item_id)
        assert item is not None
        yield Purchase(
            item_id=item.item_id,
            article=Article(item.kind, item.description, item.unit),
            quantity=item.quantity,
            unit_price=line.unit_price,
            supplier_id=line.quotation.supplier_id if line.quotation else None,
        )
