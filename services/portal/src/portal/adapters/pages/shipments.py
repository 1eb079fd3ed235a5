"""The shipments, the newest first."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part, with_parts
from ..labels import LABELS
from ..places import places_of

pages = Pages()

_STATES = [code for code in LABELS["shipment"] if code != "departed"]
"""`departed` is production's name for a shipment on the way."""


@pages.get("/shipments")
async def show_shipments(call: PageCall) -> Answer:
    query = {name: call.query.get(name) for name in ("number", "state", "cursor")}
    services = call.session.services
    shipments, destinations = await with_parts(
        part(services.get("logistics", "/v1/shipments", limit=50, **query)),
        services.get("logistics", "/v1/destinations", limit=200),
    )
    context = {
        "shipments": shipments,
        "destinations": places_of(destinations),
        "number": query["number"] or "",
        "chosen": query["state"] or "",
        "states": _STATES,
    }
    return Shown("shipments.html", context)
