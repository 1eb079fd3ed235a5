"""Store an article of the catalogue under its code."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.logistics import ArticleKept
from optima_kit.refusals import Invalid, Refusal, Stale, Violations

from ..domain.articles import Article, changes_of_goods, contradictions
from ..domain.lookups import Destination
from .draft_shipment import find_named
from .ports import FoundLookups, Ports, StockFilter


async def keep_article(
    ports: Ports, article: Article, expected_version: int | None
) -> tuple[Article, FoundLookups]:
    """Insert the article, or overwrite the one with this code; also return its owner's entry. Unit and owner
    can never change, because its stock is counted in the one and kept for the other.

    Raises Stale if the client saw another version, and Violations for everything that is impossible.
    """
    await ports.articles.lock_catalogue(ports.new_id())
    known = await ports.articles.find(article.code)
    version = known.version if known else 0
    if expected_version is not None and expected_version != version:
        raise Stale("stale_version", field="If-Match")
    found = await find_named(ports, ("owner", Destination, article.owner))
    wrong: list[Refusal] = [
        *contradictions(article, known),
        *(changes_of_goods(known, article) if known else ()),
    ]
    if known and article.tracked_by_lot != known.tracked_by_lot:
        stock = StockFilter(job_id=known.article_id)
        if await ports.ledger.list_stock(stock, before=None, limit=1):
            wrong.append(Invalid("article_tracking_fixed", field="tracked_by_lot"))
    other = await ports.articles.find_by_barcode(article.barcode) if article.barcode else None
    if other and other.code != article.code:
        wrong.append(Invalid("barcode_taken", field="barcode", article=other.code))
    if wrong:
        raise wrong[0] if len(wrong) == 1 else Violations(wrong)
    kept = replace(article, article_id=known.article_id if known else ports.new_id(), version=version + 1)
    if known:
        ports.articles.update_article(kept)
    else:
        ports.articles.insert_article(kept, account_id=ports.new_id())
    told = ArticleKept(
        article_id=kept.article_id, code=kept.code, description=kept.description, unit=kept.unit
    )
    ports.outbox.add(told, subject=kept.article_id, correlation=kept.article_id)
    return kept, found
