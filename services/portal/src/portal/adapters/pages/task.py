"""One of the reader's own tasks: what is to be made, and the buttons to start and end it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..phase_messages import send_message

pages = Pages()


@pages.get("/tasks/{phase_id}")
async def show_task(call: PageCall, phase_id: UUID) -> Answer:
    return await _page(call, phase_id)


@pages.post("/tasks/{phase_id}/start")
async def start(call: PageCall, phase_id: UUID) -> Answer:
    return await _command(call, phase_id, "start", {})


@pages.post("/tasks/{phase_id}/part")
async def report_part(call: PageCall, phase_id: UUID) -> Answer:
    return await _command(
        call, phase_id, "parts", {"quantity": plain_number(call.text("quantity"), call.language)}
    )


@pages.post("/tasks/{phase_id}/return")
async def give_back(call: PageCall, phase_id: UUID) -> Answer:
    return await _command(call, phase_id, "return", {"reason": call.text("reason")}, then="/tasks")


@pages.post("/tasks/{phase_id}/completion")
async def complete(call: PageCall, phase_id: UUID) -> Answer:
    quantity = plain_number(call.text("quantity"), call.language)
    body = {"quantity": quantity, "note": call.text("note"), **filled(loss_reason=call.text("loss_reason"))}
    return await _command(call, phase_id, "completion", body)


@pages.post("/tasks/{phase_id}/messages", max_bytes=11 << 20)
async def write(call: PageCall, phase_id: UUID) -> Answer:
    try:
        await send_message(call, f"/v1/tasks/{phase_id}", problem=call.text("problem") == "true")
    except Refused as refused:
        return await _page(call, phase_id, RefusedForm("message", call.form, refused))
    return SeeOther(f"/tasks/{phase_id}")


@pages.get("/tasks/{phase_id}/messages/{message_id}/attachments/file")
async def download(call: PageCall, phase_id: UUID, message_id: UUID) -> Answer:
    path = f"/v1/tasks/{phase_id}/messages/{message_id}/file"
    file = await call.session.services.file("production", path)
    return RawAnswer(file.body, file.media_type, file.disposition)


async def _command(
    call: PageCall, phase_id: UUID, what: str, body: dict[str, Any], *, then: str | None = None
) -> Answer:
    try:
        await call.session.services.send(
            "production", "POST", f"/v1/phases/{phase_id}/{what}", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, phase_id, RefusedForm(what, call.form, refused))
    return SeeOther(then or f"/tasks/{phase_id}")


async def _page(call: PageCall, phase_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    task, messages = await with_parts(
        services.get("production", f"/v1/tasks/{phase_id}"),
        services.get(
            "production", f"/v1/tasks/{phase_id}/messages", limit=20, cursor=call.query.get("cursor")
        ),
    )
    return TemplateAnswer("task.html", {"task": task, "messages": messages, "sent": sent}, sent.status)
