"""Goods received from suppliers and owners, and the form to receive more, line by line from their
document."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import LISTED, Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..places import destination_of, destinations_of, places_of

pages = Pages()

_LINES = 12
"""How many articles a form takes; a longer document can be sent through the API."""


@pages.get("/supplier-receipts")
async def show_receipts(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/supplier-receipts")
async def receive(call: PageCall) -> Answer:
    lines = [
        {
            "article": call.text(f"article-{index}"),
            **filled(
                quantity=plain_number(call.text(f"quantity-{index}"), call.language),
                unit=call.text(f"unit-{index}"),
                location=call.text(f"location-{index}").upper(),
                lot=call.text(f"lot-{index}"),
                expires_on=call.text(f"expires-{index}"),
            ),
        }
        for index in range(1, _LINES + 1)
        if call.text(f"article-{index}") or call.text(f"quantity-{index}")
    ]
    body = {
        **{name: call.text(name) for name in ("number", "date", "warehouse")},
        **filled(hold_reason=call.text("hold_reason")),
        "lines": lines,
    }
    try:
        body["supplier"] = await destination_of(call, "supplier")
        await call.session.services.send(
            "logistics", "POST", "/v1/supplier-receipts", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, RefusedForm("receipt", call.form, refused))
    return SeeOther("/supplier-receipts")


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    query = {name: call.query.get(name) for name in ("supplier", "number", "cursor")}
    receipts, warehouses, destinations, articles, locations = await with_parts(
        part(services.get("logistics", "/v1/supplier-receipts", **query)),
        services.every("logistics", "/v1/warehouses"),
        services.get("logistics", "/v1/destinations", limit=LISTED),
        services.every("logistics", "/v1/articles"),
        services.every("logistics", "/v1/locations"),
    )
    kept = articles["items"] if articles else []
    context = {
        "receipts": receipts,
        "number": query["number"] or "",
        "warehouses": places_of(warehouses),
        "senders": destinations_of(destinations),
        "articles": kept,
        "locations": sorted({each["code"] for each in (locations["items"] if locations else [])}),
        "tracked": any(each["tracked_by_lot"] for each in kept),
        "article": call.query.get("article", ""),
        "lines": range(1, _LINES + 1),
        "sent": sent,
    }
    return TemplateAnswer("supplier_receipts.html", context, sent.status)
