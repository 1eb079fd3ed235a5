"""Look up the articles of the catalogue."""

from __future__ import annotations

from optima_kit.actor import Actor
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.articles import Article
from ...domain.lookups import Destination
from ..ports import FoundLookups, Ports
from .access import actions_on_lookup
from .lookups import named
from .views import ArticleView, ConversionView


async def read_article(ports: Ports, actor: Actor, code: str) -> ArticleView:
    article = await ports.articles.find(code)
    if article is None:
        raise Absent("article_absent")
    return show_article(actor, article, await _owners(ports, [article]))


async def list_articles(ports: Ports, actor: Actor, query: PageQuery, text: str | None) -> Page[ArticleView]:
    """List articles by code."""
    found = await ports.articles.list_articles(text, after=query.after(str), limit=query.rows)
    owners = await _owners(ports, found)
    return page_of(query, found, lambda each: show_article(actor, each, owners), lambda each: each.code)


async def _owners(ports: Ports, articles: list[Article]) -> FoundLookups:
    codes = {article.owner for article in articles if article.owner}
    return await ports.lookups.find_all([(Destination, code) for code in codes]) if codes else FoundLookups()


def show_article(actor: Actor, article: Article, owners: FoundLookups) -> ArticleView:
    return ArticleView(
        id=article.article_id,
        code=article.code,
        description=article.description,
        description_en=article.description_en,
        unit=article.unit,
        conversions=[ConversionView(unit=unit, holds=holds) for unit, holds in article.conversions.items()],
        barcode=article.barcode,
        weight_kg=article.weight_kg,
        customer_code=article.customer_code,
        tracked_by_lot=article.tracked_by_lot,
        owner=named(owners, Destination, article.owner) if article.owner else None,
        version=article.version,
        actions=actions_on_lookup(actor),
    )
