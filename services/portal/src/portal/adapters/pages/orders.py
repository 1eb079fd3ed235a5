"""The list of production's orders, newest first."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part
from ..labels import LABELS

pages = Pages()


@pages.get("/orders")
async def show_orders(call: PageCall) -> Answer:
    query = {name: call.query.get(name) for name in ("text", "state", "cursor")}
    orders = await part(call.session.services.get("production", "/v1/orders", limit=50, **query))
    context = {
        "orders": orders,
        "text": query["text"] or "",
        "chosen": query["state"] or "",
        "states": list(LABELS["order"]),
    }
    return TemplateAnswer("orders.html", context)
