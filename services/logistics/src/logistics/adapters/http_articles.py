"""Endpoints of articles and of receipts from suppliers."""

from __future__ import annotations

from optima_kit.http import Call, Page, Reply, Routes

from ..application.keep_article import keep_article as keeping
from ..application.ports import Ports
from ..application.read import articles, stock
from ..application.read.views import ArticleView, SupplierReceiptView
from ..application.receive_from_supplier import receive_from_supplier
from .http_lookups import checked
from .requests import ArticlesQuery, KeepArticle, ReceiptsQuery, ReceiveFromSupplier

routes = Routes()


@routes.put("/v1/articles/{code}", privilege="lookup.write", if_match="optional")
async def keep_article(call: Call[Ports], code: str, body: KeepArticle) -> Reply[ArticleView]:
    """Create or change an article

    Its unit and its owner can never change, because its stock is counted in that unit and kept for that
    owner. Documents already issued keep their text.
    """
    kept, owners = await keeping(call.ports, body.article(checked(code)), call.expected_version)
    view = articles.show_article(call.actor, kept, owners)
    return Reply(view, version=view.version)


@routes.get("/v1/articles/{code}", privilege="lookup.read")
async def read_article(call: Call[Ports], code: str) -> Reply[ArticleView]:
    """Read an article"""
    view = await articles.read_article(call.ports, call.actor, code)
    return Reply(view, version=view.version)


@routes.get("/v1/articles", privilege="lookup.read")
async def list_articles(call: Call[Ports], query: ArticlesQuery) -> Page[ArticleView]:
    """List articles by code; a barcode finds one, too"""
    return await articles.list_articles(call.ports, call.actor, query, query.text)


@routes.post("/v1/supplier-receipts", privilege="stock.write", status=201, acts_on={"/v1/stock": "receive"})
async def receive_articles(call: Call[Ports], body: ReceiveFromSupplier) -> SupplierReceiptView:
    """Receive articles from a supplier, or from their owner, under the sender's DDT

    A second receipt of the same document is refused.
    """
    row = await receive_from_supplier(
        call.ports,
        call.actor,
        supplier=body.supplier,
        number=body.number,
        on=body.date,
        warehouse=body.warehouse,
        lines=body.goods(),
        hold_reason=body.hold_reason,
    )
    return stock.show_receipt(row, {call.actor.person_id: call.actor.name})


@routes.get("/v1/supplier-receipts", privilege="stock.read")
async def list_receipts(call: Call[Ports], query: ReceiptsQuery) -> Page[SupplierReceiptView]:
    """List what suppliers and owners sent, newest first"""
    return await stock.list_receipts(call.ports, query, query.supplier, query.number)
