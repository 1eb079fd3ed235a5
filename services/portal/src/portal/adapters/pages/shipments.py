"""The shipments, the newest first."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, Shown

from ..client import part
from ..labels import LABELS

pages = Pages()

_STATES = [code for code in LABELS["shipment"] if code != "departed"]
"""`departed` is production's name for a shipment on the way."""


@pages.get("/shipments")
async def show_shipments(call: PageCall) -> Answer:
    if (shipment_id := _of_label(call.query.get("number", ""))) is not None:
        return SeeOther(f"/shipments/{shipment_id}")
    query = {name: call.query.get(name) for name in ("number", "state", "cursor")}
    context = {
        "shipments": await part(call.session.services.get("logistics", "/v1/shipments", limit=50, **query)),
        "number": query["number"] or "",
        "chosen": query["state"] or "",
        "states": _STATES,
        "papers": list(LABELS["paper"]),
    }
    return Shown("shipments.html", context)


def _of_label(scanned: str) -> UUID | None:
    """The shipment that the QR code of a package's label names, where that was scanned."""
    try:
        return UUID(scanned.partition("/")[0])
    except ValueError:
        return None
