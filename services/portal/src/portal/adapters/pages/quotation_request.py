"""The quotes for one request side by side, and the award to suppliers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import Refused
from ..forms import NOTHING_SENT, RefusedForm
from ..suppliers import by_item, suppliers_for

pages = Pages()


@pages.get("/quotation-requests/{request_id}")
async def show_request(call: PageCall, request_id: UUID) -> Answer:
    return await _page(call, request_id)


@pages.post("/quotation-requests/{request_id}/award")
async def award(call: PageCall, request_id: UUID) -> Answer:
    """Award everything to one supplier or, by the other button, each item as chosen."""
    chosen = {name: call.text("whole") or call.text(name) for name in call.form if name.startswith("award-")}
    prices = {name: call.text(name) for name in call.form if name.startswith("price-")}
    body = {
        "lines": [
            {"item_id": name.removeprefix("award-"), "quotation_id": quotation}
            for name, quotation in chosen.items()
            if quotation
        ],
        "prices": [
            {"item_id": name.removeprefix("price-"), "unit_price": plain_number(typed, call.language)}
            for name, typed in prices.items()
            if typed
        ],
    }
    return await _command(call, request_id, "award", body)


@pages.post("/quotation-requests/{request_id}/suppliers")
async def ask_more(call: PageCall, request_id: UUID) -> Answer:
    return await _command(call, request_id, "suppliers", {"supplier_ids": call.form.getall("supplier", [])})


@pages.post("/quotation-requests/{request_id}/cancellation")
async def cancel(call: PageCall, request_id: UUID) -> Answer:
    return await _command(call, request_id, "cancellation", {"reason": call.text("reason")})


@pages.get("/quotation-requests/{request_id}/attachments/{file_id}")
async def download(call: PageCall, request_id: UUID, file_id: UUID) -> Answer:
    path = f"/v1/quotation-requests/{request_id}/files/{file_id}"
    file = await call.session.services.file("brief", path)
    return RawAnswer(file.body, file.media_type, file.disposition)


async def _command(call: PageCall, request_id: UUID, what: str, body: dict[str, Any]) -> Answer:
    path = f"/v1/quotation-requests/{request_id}/{what}"
    version, key = call.text("version"), call.text("once")
    try:
        await call.session.services.send("brief", "POST", path, body, version=version, key=key)
    except Refused as refused:
        return await _page(call, request_id, RefusedForm(what, call.form, refused))
    return SeeOther(f"/quotation-requests/{request_id}")


async def _page(call: PageCall, request_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    request = await call.session.services.get("brief", f"/v1/quotation-requests/{request_id}")
    asked = {each["supplier"]["id"] for each in request["quotations"]}
    more = "ask_more_suppliers" in request["actions"]
    context = {
        "request": request,
        "suppliers": await suppliers_for(call, without=asked) if more else None,
        "awarded": {each["item_id"]: each["quotation_id"] for each in request["awarded"]},
        "last_paid": {each["item_id"]: each for each in request.get("last_paid", [])},
        "catalogue": by_item(request.get("catalogue", [])),
        "lines": {
            each["id"]: {line["item_id"]: line for line in each["lines"]} for each in request["quotations"]
        },
        "sent": sent,
    }
    return TemplateAnswer("quotation_request.html", context, sent.status)
