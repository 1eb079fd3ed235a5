"""Articles leave from stock, without an order: samples, free gifts, what a customer calls off."""

from __future__ import annotations

from typing import Any

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, Shown

from ..client import LISTED, Refused, with_parts
from ..forms import NOTHING_SENT, Sent
from ..places import destination_of, destinations_of, lines_typed, places_of, types_of

pages = Pages()


@pages.get("/call-off")
async def show_stock(call: PageCall) -> Answer:
    return await _page(call, call.query.get("warehouse", ""))


@pages.post("/call-off")
async def draft_shipment(call: PageCall) -> Answer:
    body: dict[str, Any] = {name: call.text(name) for name in ("document_type", "warehouse")}
    try:
        body = {**body, "destination": await destination_of(call), "lines": lines_typed(call)}
        shipment = await call.session.services.send(
            "logistics", "POST", "/v1/shipments", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, call.text("warehouse"), Sent("call-off", call.form, refused))
    return SeeOther(f"/shipments/{shipment['id']}")


async def _page(call: PageCall, warehouse: str, sent: Sent = NOTHING_SENT) -> Answer:
    services = call.session.services
    warehouses, destinations, types = await with_parts(
        services.every("logistics", "/v1/warehouses"),
        services.get("logistics", "/v1/destinations", limit=LISTED),
        services.every("logistics", "/v1/document-types"),
    )
    places = places_of(warehouses)
    chosen = warehouse or next(iter(places), "")
    stock = await services.every("logistics", "/v1/stock", articles="true", warehouse=chosen)
    context = {
        "warehouses": places,
        "warehouse": chosen,
        "ends": destinations_of(destinations, places),
        "document_types": types_of(types, lambda each: each["direction"] != "in"),
        "goods": [row for row in stock["items"] if row["free"] != "0" and not row["free"].startswith("-")],
        "sent": sent,
    }
    return Shown("call_off.html", context, sent.status)
