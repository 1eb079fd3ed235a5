"""The own copy of the warehouse's catalogue, of which orders may take lines."""

from __future__ import annotations

from optima_contracts.logistics import ArticleKept

from .ports import Article, Ports


async def on_article_kept(ports: Ports, event: ArticleKept) -> None:
    """The newest state replaces the one before."""
    ports.articles.upsert_article(
        Article(id=event.article_id, code=event.code, description=event.description, unit=event.unit)
    )
