"""Confirm an order that came from an ERP, like one that backoffice writes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from optima_contracts.erp import OrderReceived, ReceivedLine

from ..domain.job import Item
from .confirm_order import confirm_order
from .ports import Article, Ports


async def on_order_received(ports: Ports, event: OrderReceived) -> None:
    """Confirm the order. A duplicate event changes nothing. A line is taken from stock if its code is no
    kind's but an article's, and its unit is the article's. A kind that the tenant has not defined blocks its
    job, not the order."""
    if await ports.orders.lock_order(event.order_id) is not None:
        return
    wanted = sorted({line.kind for line in event.lines})
    kinds = await ports.kinds.list_named(wanted)
    articles: dict[str, Article] = {}
    if len(kinds) < len(wanted):
        kinds = await ports.kinds.lock_named(wanted)
        articles = await ports.articles.list_named([code for code in wanted if code not in kinds])
    items = [_item(line, _article_of(line, articles)) for line in event.lines]
    await confirm_order(
        ports,
        items,
        kinds,
        brief_id=None,
        title=event.title,
        customer=event.customer,
        deadline=event.deadline,
        order_id=event.order_id,
    )


def _article_of(line: ReceivedLine, articles: Mapping[str, Article]) -> Article | None:
    article = articles.get(line.kind)
    return article if article and article.is_counted_in(line.unit) else None


def _item(line: ReceivedLine, article: Article | None) -> Item:
    return Item(
        item_id=None,
        kind=line.kind,
        description=line.description,
        quantity=Decimal(line.quantity),
        unit=article.unit if article else line.unit,
        deliveries=(),
        article_id=article.id if article else None,
    )
