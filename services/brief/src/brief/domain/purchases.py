"""Purchases: the items of approved briefs that had prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from optima_contracts.money import amount_of

from .brief import Brief


@dataclass(frozen=True, slots=True, order=True)
class Article:
    """What an item asks for, apart from its quantity."""

    kind: str
    description: str
    unit: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """An item as it was approved. Amounts are in euro, VAT excluded."""

    item_id: UUID
    article: Article
    quantity: Decimal
    unit_price: Decimal
    supplier_id: UUID | None
    """The supplier whose quotation was chosen; None if purchasing set the price by hand."""
    budget_part: Decimal | None
    """The item's part of the brief's budget, in proportion to its amount; None if the brief has no budget or
    all its items cost nothing."""


@dataclass(frozen=True, slots=True)
class LastPaid:
    """The last purchase of an article in a brief that was not cancelled."""

    unit_price: Decimal
    bought_at: datetime
    article: Article
    """The article that was bought. If the one asked for was never bought, this is another article of the same
    kind and unit."""
    quantity: Decimal
    brief_id: UUID
    number: str
    """The brief's number."""
    supplier_id: UUID | None


def purchases_of(brief: Brief) -> Iterator[Purchase]:
    """Return the purchases of an approved brief. There are none if the brief had no prices."""
    if brief.pricing is None or brief.submitted is None:
        return
    parts = budget_parts(brief.submitted.content.budget, [line.amount for line in brief.pricing.lines])
    for line, part in zip(brief.pricing.lines, parts, strict=True):
        item = brief.submitted.content.item(line.item_id)
        assert item is not None
        yield Purchase(
            item_id=item.item_id,
            article=Article(item.kind, item.description, item.unit),
            quantity=item.quantity,
            unit_price=line.unit_price,
            supplier_id=line.quotation.supplier_id if line.quotation else None,
            budget_part=part,
        )


def budget_parts(budget: Decimal | None, amounts: Sequence[Decimal]) -> list[Decimal | None]:
    """Divide a budget in proportion to the amounts, to the cent. The parts add up to the budget."""
    total = sum(amounts, Decimal(0))
    if budget is None or total == 0:
        return [None] * len(amounts)
    parts: list[Decimal | None] = []
    so_far = given = Decimal(0)
    for amount in amounts:
        so_far += amount
        until_here = amount_of(so_far / total, budget)
        parts.append(until_here - given)
        given = until_here
    return parts
