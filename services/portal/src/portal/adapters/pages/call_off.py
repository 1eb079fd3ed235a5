"""Ship articles from stock without an order: samples, free gifts, goods that a customer calls off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import LISTED, Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm
from ..places import destination_of, destinations_of, lines_typed, places_of, types_of

pages = Pages()

_SHOWN: Final = 30
"""How many articles are shown at most, beside those with a typed quantity; others are found by a search."""


@pages.get("/call-off")
async def show_stock(call: PageCall) -> Answer:
    return await _page(call, call.query.get("warehouse", ""))


@pages.post("/call-off")
async def draft_shipment(call: PageCall) -> Answer:
    if call.text("do") == "search":
        return await _page(call, call.text("warehouse"), RefusedForm("call-off", call.form))
    body: dict[str, Any] = {name: call.text(name) for name in ("document_type", "warehouse")}
    try:
        body = {**body, "destination": await destination_of(call), "lines": lines_typed(call)}
        shipment = await call.session.services.send(
            "logistics", "POST", "/v1/shipments", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, call.text("warehouse"), RefusedForm("call-off", call.form, refused))
    return SeeOther(f"/shipments/{shipment['id']}")


async def _page(call: PageCall, warehouse: str, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    warehouses, destinations, types = await with_parts(
        services.every("logistics", "/v1/warehouses"),
        services.get("logistics", "/v1/destinations", limit=LISTED),
        services.every("logistics", "/v1/document-types"),
    )
    places = places_of(warehouses)
    chosen = warehouse or next(iter(places), "")
    stock = await services.every("logistics", "/v1/stock", articles="true", warehouse=chosen)
    goods = [row for row in stock["items"] if row["free"] != "0" and not row["free"].startswith("-")]
    looked_for = sent.typed("call-off", "text")
    context = {
        "warehouses": places,
        "warehouse": chosen,
        "ends": destinations_of(destinations, places),
        "document_types": types_of(types, lambda each: each["direction"] != "in"),
        "goods": goods,
        "shown": goods_shown(goods, looked_for, sent),
        "looked_for": looked_for,
        "sent": sent,
    }
    return TemplateAnswer("call_off.html", context, sent.status)


def goods_shown(
    goods: Sequence[Mapping[str, Any]], looked_for: str, sent: RefusedForm
) -> list[Mapping[str, Any]]:
    """Return the articles with a typed quantity, and the first of those that contain all words searched
    for."""
    words = looked_for.casefold().split()
    asked = [row for row in goods if sent.typed("call-off", f"quantity-{row['job_id']}")]
    found = (
        row
        for row in goods
        if row not in asked
        and all(word in f"{row['article_code']} {row['description']}".casefold() for word in words)
    )
    return [*asked, *islice(found, _SHOWN)]
