"""Backoffice writes an order that no brief asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from optima_kit.refusals import Invalid

from ..domain.deliveries import Delivery
from ..domain.job import Item
from ..domain.kinds import Kind
from ..domain.order import Order, deadline_is_not_past, deliveries_fit_their_item
from .confirm_order import confirm_order
from .ports import Article, Ports

_PIECES = "pz"


@dataclass(frozen=True, slots=True)
class AskedItem:
    """A line as a client writes it: either a kind to be made, or an article from stock."""

    kind: str | None
    article: str | None
    description: str | None
    quantity: Decimal
    unit: str | None
    deliveries: tuple[Delivery, ...]


async def write_order(
    ports: Ports, asked: Sequence[AskedItem], *, title: str, customer: str | None, deadline: date
) -> Order:
    deadline_is_not_past(deadline, ports.now)
    kinds = await ports.kinds.list_named(sorted({each.kind for each in asked if each.kind}))
    codes = sorted({each.article for each in asked if each.article})
    articles = await ports.articles.list_named(codes) if codes else {}
    items = [_item(f"items[{index}]", each, kinds, articles) for index, each in enumerate(asked)]
    for index, item in enumerate(items):
        deliveries_fit_their_item(index, item)
    if customer is not None and await ports.customers.find_customer(customer) is None:
        raise Invalid("customer_unknown", field="customer", customer=customer)
    return await confirm_order(
        ports, items, kinds, brief_id=None, title=title, customer=customer, deadline=deadline
    )


def _item(place: str, asked: AskedItem, kinds: Mapping[str, Kind], articles: Mapping[str, Article]) -> Item:
    if asked.article is not None and asked.kind is None:
        return _from_stock(place, asked, asked.article, articles)
    if asked.kind is None or asked.article is not None:
        raise Invalid("kind_or_article", field=f"{place}.kind")
    if asked.kind not in kinds:
        raise Invalid("kind_unknown", field=f"{place}.kind", kind=asked.kind)
    if asked.description is None:
        raise Invalid("description_missing", field=f"{place}.description")
    unit = asked.unit or _PIECES
    return Item(None, asked.kind, asked.description, asked.quantity, unit, asked.deliveries)


def _from_stock(place: str, asked: AskedItem, code: str, articles: Mapping[str, Article]) -> Item:
    article = articles.get(code)
    if article is None:
        raise Invalid("article_unknown", field=f"{place}.article", article=code)
    if asked.unit is not None and not article.is_counted_in(asked.unit):
        raise Invalid("unit_not_of_article", field=f"{place}.unit", article=code, unit=article.unit)
    return Item(
        item_id=None,
        kind=code,
        description=asked.description or article.description,
        quantity=asked.quantity,
        unit=article.unit,
        deliveries=asked.deliveries,
        article_id=article.id,
    )
