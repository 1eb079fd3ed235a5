"""Keep this service's copy of the warehouse's catalogue: orders may take lines from its articles."""

from __future__ import annotations

from optima_contracts.logistics import ArticleKept

from .ports import Article, Ports


async def on_article_kept(ports: Ports, event: ArticleKept) -> None:
    """Store the article. The newest state replaces the previous one."""
    ports.articles.upsert_article(
        Article(id=event.article_id, code=event.code, description=event.description, unit=event.unit)
    )
