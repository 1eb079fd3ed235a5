"""The stock of the warehouses."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part, with_parts
from ..places import places_of

pages = Pages()


@pages.get("/stock")
async def show_stock(call: PageCall) -> Answer:
    query = {name: call.query.get(name) for name in ("warehouse", "cursor")}
    services = call.session.services
    stock, warehouses = await with_parts(
        part(services.get("logistics", "/v1/stock", limit=100, **query)),
        services.every("logistics", "/v1/warehouses"),
    )
    context = {"stock": stock, "warehouses": places_of(warehouses), "chosen": query["warehouse"] or ""}
    return TemplateAnswer("stock.html", context)
