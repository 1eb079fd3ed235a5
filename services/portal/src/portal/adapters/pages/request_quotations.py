"""Ask suppliers to quote a brief's items."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused
from ..forms import NOTHING_SENT, RefusedForm, moment_typed
from ..suppliers import suppliers_for

pages = Pages()


@pages.get("/briefs/{brief_id}/quotation-request")
async def show_form(call: PageCall, brief_id: UUID) -> Answer:
    return await _page(call, brief_id)


@pages.post("/briefs/{brief_id}/quotation-request")
async def ask(call: PageCall, brief_id: UUID) -> Answer:
    body = {
        "title": call.text("title"),
        "note": call.text("note"),
        "due_at": moment_typed(call.text("due_at")),
        "supplier_ids": call.form.getall("supplier", []),
    }
    try:
        request = await call.session.services.send(
            "brief", "POST", f"/v1/briefs/{brief_id}/quotation-requests", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, brief_id, RefusedForm("request", call.form, refused))
    return SeeOther(f"/quotation-requests/{request['id']}")


async def _page(call: PageCall, brief_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    brief = await call.session.services.get("brief", f"/v1/briefs/{brief_id}")
    context = {
        "brief": brief,
        "suppliers": await suppliers_for(call),
        "chosen": call.form.getall("supplier", []),
        "sent": sent,
    }
    return TemplateAnswer("request_quotations.html", context, sent.status)
