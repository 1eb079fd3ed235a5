"""Create an order without a brief: the items to make, and the articles to take from stock."""

from __future__ import annotations

from typing import Any

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import LISTED, Refused, with_parts
from ..forms import filled
from ..places import places_of

pages = Pages()

_SPARE_ROWS = 3
_TEXTS = ("title", "customer", "deadline")
_COLUMNS = ("what", "article", "description", "quantity", "unit", "destination")


@pages.get("/new-order")
async def show_new(call: PageCall) -> Answer:
    return await _form(call, dict.fromkeys(_TEXTS, ""), [])


@pages.post("/new-order")
async def write(call: PageCall) -> Answer:
    texts, rows = {name: call.text(name) for name in _TEXTS}, _rows(call)
    if call.text("more"):
        return await _form(call, texts, rows)
    body = {**filled(**texts), "items": [_item(row, call.language) for row in rows]}
    try:
        order = await call.session.services.send(
            "production", "POST", "/v1/orders", body, key=call.text("once")
        )
    except Refused as refused:
        return await _form(call, texts, rows, refused)
    return SeeOther(f"/orders/{order['id']}")


def _rows(call: PageCall) -> list[dict[str, str]]:
    """Return the rows into which something was typed."""
    columns = [call.form.getall(name, []) for name in _COLUMNS]
    rows = [dict(zip(_COLUMNS, map(str, row), strict=True)) for row in zip(*columns, strict=True)]
    return [row for row in rows if row["what"] or row["article"] or row["description"] or row["quantity"]]


def _item(row: dict[str, str], language: str) -> dict[str, Any]:
    """Return the item of a row. Its `what` is `kind:…` for an item to make or `article:…` for one from stock.
    If the list can't hold all articles, the row's `article` is a typed code."""
    by, _, code = row["what"].partition(":")
    if not by:
        by, code = "article", row["article"]
    quantity = plain_number(row["quantity"], language)
    destination = row["destination"]
    return {
        **({by: code} if code else {}),
        **filled(description=row["description"], unit=row["unit"]),
        "quantity": quantity,
        "deliveries": [{"destination": destination, "quantity": quantity}] if destination else [],
    }


async def _form(
    call: PageCall, given: dict[str, str], rows: list[dict[str, str]], refused: Refused | None = None
) -> Answer:
    services = call.session.services
    kinds, articles, customers, destinations = await with_parts(
        services.every("production", "/v1/kinds"),
        services.every("logistics", "/v1/articles"),
        services.every("production", "/v1/customers"),
        services.every("logistics", "/v1/destinations"),
    )
    context = {
        "listed": LISTED,
        "given": given,
        "rows": [*rows, *[dict.fromkeys(_COLUMNS, "")] * _SPARE_ROWS],
        "kinds": kinds["items"] if kinds else [],
        "articles": articles["items"] if articles else [],
        "customers": [(each["code"], each["name"]) for each in customers["items"]] if customers else [],
        "destinations": list(places_of(destinations).items()),
        "refused": refused,
    }
    return TemplateAnswer("order_form.html", context, refused.status if refused else 200)
