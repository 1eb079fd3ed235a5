"""The messages between a phase's assignee and the people who assign work."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..client import Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm
from ..phase_messages import send_message

pages = Pages()


@pages.get("/orders/{order_id}/phases/{phase_id}/messages")
async def show_messages(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    return await _page(call, order_id, phase_id)


@pages.post("/orders/{order_id}/phases/{phase_id}/messages", max_bytes=11 << 20)
async def write(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    try:
        await send_message(call, f"/v1/phases/{phase_id}")
    except Refused as refused:
        return await _page(call, order_id, phase_id, RefusedForm("message", call.form, refused))
    return SeeOther(f"/orders/{order_id}/phases/{phase_id}/messages")


@pages.get("/orders/{order_id}/phases/{phase_id}/messages/{message_id}/attachments/file")
async def download(call: PageCall, order_id: UUID, phase_id: UUID, message_id: UUID) -> Answer:
    path = f"/v1/phases/{phase_id}/messages/{message_id}/file"
    file = await call.session.services.file("production", path)
    return RawAnswer(file.body, file.media_type, file.disposition)


async def _page(call: PageCall, order_id: UUID, phase_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    order, messages = await with_parts(
        services.get("production", f"/v1/orders/{order_id}"),
        services.get(
            "production", f"/v1/phases/{phase_id}/messages", limit=50, cursor=call.query.get("cursor")
        ),
    )
    phases = [
        (job, phase)
        for job in order["jobs"]
        for phase in job.get("phases", [])
        if phase["id"] == str(phase_id)
    ]
    if not phases:
        return SeeOther(f"/orders/{order_id}")
    job, phase = phases[0]
    context = {"order": order, "job": job, "phase": phase, "messages": messages, "sent": sent}
    return TemplateAnswer("phase_messages.html", context, sent.status)
