"""The shipments, the newest first."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part
from ..labels import LABELS

pages = Pages()

_STATES = [code for code in LABELS["shipment"] if code != "departed"]
"""`departed` is production's name for a shipment on the way."""


@pages.get("/shipments")
async def show_shipments(call: PageCall) -> Answer:
    query = {name: call.query.get(name) for name in ("number", "state", "cursor")}
    context = {
        "shipments": await part(call.session.services.get("logistics", "/v1/shipments", limit=50, **query)),
        "number": query["number"] or "",
        "chosen": query["state"] or "",
        "states": _STATES,
    }
    return Shown("shipments.html", context)
