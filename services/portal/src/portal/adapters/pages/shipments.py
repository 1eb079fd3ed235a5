"""The list of shipments, newest first."""

from __future__ import annotations

import asyncio
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import part
from ..labels import LABELS

pages = Pages()

_STATES = [code for code in LABELS["shipment"] if code != "departed"]
"""The states of shipments in logistics; `departed` is production's name for a shipment that is on its way."""


@pages.get("/shipments")
async def show_shipments(call: PageCall) -> Answer:
    if (shipment_id := _of_label(call.query.get("number", ""))) is not None:
        return SeeOther(f"/shipments/{shipment_id}")
    query = {name: call.query.get(name) for name in ("state", "late", "cursor")}
    text = call.query.get("number", "").strip()
    services = call.session.services
    found, under_way = await asyncio.gather(
        part(services.get("logistics", "/v1/shipments", limit=50, text=text[:100], **query)),
        part(services.get("logistics", "/v1/figures/shipments")),
    )
    states = under_way["states"] if under_way else []
    context = {
        "shipments": found,
        "number": text,
        "late": query["late"] == "true",
        "under_way": [each for each in states if each["shipments"]],
        "late_ones": sum(each["late"] for each in states),
        "chosen": query["state"] or "",
        "states": _STATES,
        "papers": list(LABELS["paper"]),
    }
    return TemplateAnswer("shipments.html", context)


def _of_label(scanned: str) -> UUID | None:
    """Return the shipment in the QR code of a package's label, or None if another text was scanned."""
    try:
        return UUID(scanned.partition("/")[0])
    except ValueError:
        return None
