"""Find the goods that a client names, and lock the order or account that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Absent, Invalid

from ..domain.articles import Article, ArticleQuantity, of_one_owner
from ..domain.gs1 import Scan, is_gs1, parse, same_goods
from ..domain.orders import Order
from ..domain.shipments import Line
from .ports import Ports

Asked = Line | ArticleQuantity
"""A requested line as a client writes it."""


async def goods_of_order(ports: Ports, order_id: UUID, asked: Sequence[Asked]) -> tuple[Order, list[Line]]:
    """Return the order under its lock, with those of its lines that the client names. Raises Absent for an
    unknown order, and Invalid for articles: an order contains goods of its jobs."""
    order = await ports.orders.lock_order(order_id, [line.job_id for line in asked if isinstance(line, Line)])
    if order is None or order.is_account:
        raise Absent("order_absent", field="order_id")
    lines: list[Line] = []
    for index, line in enumerate(asked):
        if isinstance(line, ArticleQuantity):
            raise Invalid("article_in_order", field=f"lines[{index}].article")
        lines.append(line)
    return order, lines


async def goods_in_stock(ports: Ports, asked: Sequence[Asked]) -> tuple[Order, list[Line]]:
    """Return the account of the named articles under its lock, and the requested quantity of each in its own
    unit. Articles are named by code or id. Raises Absent for an unknown id and Invalid for an unknown
    code."""
    ids = [line.job_id for line in asked if isinstance(line, Line)]
    found = await find_articles(ports, [line for line in asked if isinstance(line, ArticleQuantity)], ids)
    articles: list[Article] = []
    lines: list[Line] = []
    for index, line in enumerate(asked):
        if isinstance(line, ArticleQuantity):
            article = found[line.code]
            quantity = article.in_own_unit(line.quantity, line.unit, field=f"lines[{index}]")
        else:
            if line.job_id not in found:
                raise Absent("job_absent", field=f"lines[{index}].job_id")
            article, quantity = found[line.job_id], line.quantity
        articles.append(article)
        lines.append(Line(article.article_id, quantity))
    account = await ports.orders.lock_account(of_one_owner(articles), [line.job_id for line in lines])
    return account, lines


async def find_articles(
    ports: Ports, named: Sequence[ArticleQuantity], ids: Sequence[UUID] = ()
) -> Mapping[str | UUID, Article]:
    """Find articles by code and by id. Raises Invalid for an unknown code."""
    found = await ports.articles.find_all([each.code for each in named], ids)
    by_name: dict[str | UUID, Article] = {}
    for article in found:
        by_name[article.code] = by_name[article.article_id] = article
    for index, each in enumerate(named):
        if each.code not in by_name:
            raise Invalid("article_unknown", field=f"lines[{index}].article", named=each.code)
    return by_name


async def order_of_goods(ports: Ports, job_id: UUID) -> Order:
    """Lock and return the order or account that a job's goods belong to. Raises Absent for an unknown job."""
    order = await ports.orders.lock_order_of_job(job_id)
    if order is None:
        raise Absent("job_absent", field="job_id")
    return order


async def article_named(ports: Ports, text: str, *, field: str) -> tuple[Article, Scan]:
    """Find an article by its code, its barcode or the GS1 code of a package; also return what that GS1 code
    contains. Raises Invalid if there is no such article."""
    found = await ports.articles.find(text) or await ports.articles.find_by_barcode(text)
    scan = Scan()
    if found is None and is_gs1(text):
        scan = parse(text, today=ports.now.date(), field=field)
        if scan.gtin is None:
            raise Invalid("scan_names_no_goods", field=field)
        for barcode in same_goods(scan.gtin):
            found = found or await ports.articles.find_by_barcode(barcode)
    if found is None:
        raise Invalid("article_unknown", field=field, named=scan.gtin or text)
    return found, scan if found.tracked_by_lot else Scan(gtin=scan.gtin, count=scan.count)


async def scanned(ports: Ports, asked: Sequence[ArticleQuantity]) -> list[ArticleQuantity]:
    """Replace barcodes in the lines by article codes, and fill in from the barcode what nobody typed. Raises
    Invalid if there is no such article, or no quantity."""
    known = {each.code for each in await ports.articles.find_all([line.code for line in asked], ())}
    lines: list[ArticleQuantity] = []
    for index, line in enumerate(asked):
        if line.code not in known:
            article, scan = await article_named(ports, line.code, field=f"lines[{index}].article")
            line = replace(
                line,
                code=article.code,
                quantity=line.quantity or Decimal(scan.count or 0),
                lot=line.lot or scan.lot or "",
                expires_on=line.expires_on or scan.expires_on,
            )
        if not line.quantity:
            raise Invalid("quantity_not_given", field=f"lines[{index}].quantity")
        lines.append(line)
    return lines
