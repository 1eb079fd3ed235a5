"""The goods of one job or article: where they are, their movements, and forms to correct the stock after a
count, to hold goods back for a quality check, and to move them to another location or warehouse."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..places import locations_of, place_typed, places_of, types_of

pages = Pages()


@pages.get("/stock/{job_id}")
async def show_goods(call: PageCall, job_id: UUID) -> Answer:
    return await _page(call, job_id)


@pages.post("/stock/{job_id}/adjustments")
async def adjust(call: PageCall, job_id: UUID) -> Answer:
    body = {
        "job_id": str(job_id),
        "warehouse": call.text("warehouse"),
        "difference": call.text("difference"),
        "quantity": plain_number(call.text("quantity"), call.language),
        "reason": call.text("reason"),
        **_place(call),
    }
    try:
        await call.session.services.send("logistics", "POST", "/v1/adjustments", body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, job_id, RefusedForm("adjustment", call.form, refused))
    return SeeOther(f"/stock/{job_id}")


@pages.post("/stock/{job_id}/holds")
async def hold(call: PageCall, job_id: UUID) -> Answer:
    return await _hold(call, job_id, "hold", "/v1/holds", {})


@pages.post("/stock/{job_id}/hold-endings")
async def end_hold(call: PageCall, job_id: UUID) -> Answer:
    return await _hold(call, job_id, "ending", "/v1/hold-endings", {"ending": call.text("ending")})


async def _hold(call: PageCall, job_id: UUID, form: str, path: str, more: dict[str, str]) -> Answer:
    body = {
        "job_id": str(job_id),
        "warehouse": call.text("warehouse"),
        "quantity": plain_number(call.text("quantity"), call.language),
        "reason": call.text("reason"),
        **_place(call),
        **more,
    }
    try:
        await call.session.services.send("logistics", "POST", path, body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, job_id, RefusedForm(f"{form}-{body['warehouse']}", call.form, refused))
    return SeeOther(f"/stock/{job_id}")


def _place(call: PageCall) -> dict[str, str]:
    """Return location and lot of the place that was chosen or typed, if any."""
    if chosen := call.text("place"):
        _, location, lot = place_typed(chosen)
        return {"location": location, "lot": lot}
    return filled(location=call.text("location").upper(), lot=call.text("lot"))


@pages.post("/stock/{job_id}/relocations")
async def relocate(call: PageCall, job_id: UUID) -> Answer:
    held, location, lot = place_typed(call.text("place"))
    body = {
        "job_id": str(job_id),
        "warehouse": call.text("warehouse"),
        "quantity": plain_number(call.text("quantity"), call.language),
        "from_location": location,
        "lot": lot,
        "to_location": call.text("to_location").upper(),
        "held": held == "held",
    }
    try:
        await call.session.services.send("logistics", "POST", "/v1/relocations", body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, job_id, RefusedForm(f"relocation-{body['warehouse']}", call.form, refused))
    return SeeOther(f"/stock/{job_id}")


@pages.post("/stock/{job_id}/transfers")
async def transfer(call: PageCall, job_id: UUID) -> Answer:
    body = {
        **filled(order_id=call.text("order_id")),
        "document_type": call.text("document_type"),
        "warehouse": call.text("warehouse"),
        "destination": call.text("destination"),
        "lines": [{"job_id": str(job_id), "quantity": plain_number(call.text("quantity"), call.language)}],
    }
    try:
        shipment = await call.session.services.send(
            "logistics", "POST", "/v1/shipments", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, job_id, RefusedForm(f"transfer-{body['warehouse']}", call.form, refused))
    return SeeOther(f"/shipments/{shipment['id']}")


async def _page(call: PageCall, job_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    cursor = call.query.get("cursor")
    stock, movements, holds, warehouses, types, locations = await with_parts(
        services.every("logistics", "/v1/stock", job_id=job_id),
        services.get("logistics", "/v1/movements", job_id=job_id, cursor=cursor, limit=50),
        part(services.get("logistics", "/v1/holds", job_id=job_id, limit=50)),
        services.every("logistics", "/v1/warehouses"),
        services.every("logistics", "/v1/document-types"),
        services.every("logistics", "/v1/locations"),
    )
    context = {
        "job_id": job_id,
        "locations": locations_of(locations),
        "stock": stock,
        "movements": movements,
        "holds": holds,
        "warehouses": places_of(warehouses),
        "transfers": types_of(types, lambda each: each["direction"] == "internal"),
        "sent": sent,
    }
    return TemplateAnswer("goods.html", context, sent.status)
