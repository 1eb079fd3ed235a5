"""One brief's whole story, and what the reader may do with it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import UUID

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, Passed, SeeOther, Shown

from ..amounts import plain_number
from ..client import Refused, part, with_parts
from ..kinds import names_of_kinds
from ..navigation import leads_to
from ..suppliers import by_item
from .budgets import budget_of

pages = Pages()


@pages.get("/briefs/{brief_id}")
async def show_brief(call: PageCall, brief_id: UUID) -> Answer:
    return await _page(call, brief_id)


@pages.get("/briefs/{brief_id}/attachments/{attachment_id}")
async def download(call: PageCall, brief_id: UUID, attachment_id: UUID) -> Answer:
    file = await call.session.services.file("brief", f"/v1/briefs/{brief_id}/attachments/{attachment_id}")
    return Passed(file.body, file.media_type, file.disposition)


@pages.post("/briefs/{brief_id}/submission")
async def submit(call: PageCall, brief_id: UUID) -> Answer:
    return await _command(call, brief_id, "submission", {"process": call.text("process")})


@pages.post("/briefs/{brief_id}/cancellation")
async def cancel(call: PageCall, brief_id: UUID) -> Answer:
    return await _command(call, brief_id, "cancellation", {"reason": call.text("reason")})


@pages.post("/briefs/{brief_id}/budget-release")
async def release_budget(call: PageCall, brief_id: UUID) -> Answer:
    return await _command(call, brief_id, "budget-release", {"reason": call.text("reason")})


@pages.post("/briefs/{brief_id}/copy")
async def copy(call: PageCall, brief_id: UUID) -> Answer:
    try:
        copied = await call.session.services.send(
            "brief", "POST", f"/v1/briefs/{brief_id}/copy", {}, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, brief_id, refused=refused)
    return SeeOther(f"/briefs/{copied['id']}/edit")


@pages.post("/briefs/{brief_id}/comments")
async def comment(call: PageCall, brief_id: UUID) -> Answer:
    return await _command(call, brief_id, "comments", {"text": call.text("text")}, versioned=False)


@pages.post("/briefs/{brief_id}/comments/{comment_id}")
async def change_comment(call: PageCall, brief_id: UUID, comment_id: UUID) -> Answer:
    body = {"text": call.text("text"), "mentioned_ids": call.form.getall("mentioned", [])}
    return await _send(call, brief_id, "PUT", f"/v1/briefs/{brief_id}/comments/{comment_id}", body)


@pages.post("/briefs/{brief_id}/attachments/{attachment_id}/removal")
async def take_out(call: PageCall, brief_id: UUID, attachment_id: UUID) -> Answer:
    return await _send(call, brief_id, "DELETE", f"/v1/briefs/{brief_id}/attachments/{attachment_id}")


@pages.post("/briefs/{brief_id}/prices")
async def price(call: PageCall, brief_id: UUID) -> Answer:
    lines = [
        {"item_id": name.removeprefix("price-"), "unit_price": plain_number(call.text(name), call.language)}
        for name in call.form
        if name.startswith("price-")
    ]
    body = {"revision": int(call.text("revision") or 0), "lines": lines}
    try:
        await call.session.services.send(
            "brief", "PUT", f"/v1/briefs/{brief_id}/prices", body, version=call.text("version")
        )
    except Refused as refused:
        return await _page(call, brief_id, refused=refused)
    return SeeOther(f"/briefs/{brief_id}")


@pages.post("/briefs/{brief_id}/attachments", max_bytes=11 << 20)
async def attach(call: PageCall, brief_id: UUID) -> Answer:
    file = call.form.get("file")
    if isinstance(file, FileField) and file.filename:
        name = file.filename.replace("\\", "/").rpartition("/")[2]
        try:
            await call.session.services.upload(
                "brief", f"/v1/briefs/{brief_id}/attachments", name, file.content_type, file.file.read()
            )
        except Refused as refused:
            return await _page(call, brief_id, refused=refused)
    return SeeOther(f"/briefs/{brief_id}")


async def _send(
    call: PageCall, brief_id: UUID, method: str, path: str, body: dict[str, Any] | None = None
) -> Answer:
    try:
        await call.session.services.send("brief", method, path, body)
    except Refused as refused:
        return await _page(call, brief_id, refused=refused)
    return SeeOther(f"/briefs/{brief_id}")


async def _command(
    call: PageCall, brief_id: UUID, what: str, body: dict[str, Any], *, versioned: bool = True
) -> Answer:
    version = call.text("version") if versioned else None
    try:
        await call.session.services.send(
            "brief", "POST", f"/v1/briefs/{brief_id}/{what}", body, version=version, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, brief_id, refused=refused)
    return SeeOther(f"/briefs/{brief_id}")


async def _page(call: PageCall, brief_id: UUID, refused: Refused | None = None) -> Answer:
    services = call.session.services
    path = f"/v1/briefs/{brief_id}"
    (
        (brief, progress, history, comments, proofs, approvals, orders, shipments, kinds, *requests),
        budget,
    ) = await asyncio.gather(
        with_parts(
            services.get("brief", path),
            services.every("brief", f"{path}/progress"),
            services.every("brief", f"{path}/history"),
            services.every("brief", f"{path}/comments"),
            services.every("brief", f"{path}/proofs"),
            services.get("approval", "/v1/approvals", subject_id=brief_id),
            services.get("production", "/v1/orders", brief_id=brief_id),
            services.get("logistics", "/v1/shipments", brief_id=brief_id),
            services.every("production", "/v1/kinds"),
            *(
                [services.get("brief", "/v1/quotation-requests", brief_id=brief_id)]
                if leads_to(call.session.actor, "/quotation-requests")
                else []
            ),
        ),
        budget_of(call, brief_id),
    )
    brief_type = None
    if "type_key" in brief:
        path = f"/v1/brief-types/{quote(brief['type_key'], safe='')}"
        brief_type = await part(services.get("brief", path, version=brief["type_version"]))
    processes = None
    if "submit" in brief["actions"]:
        processes = await part(services.every("approval", "/v1/processes"))
    suggestions = None
    if "price" in brief["actions"] and leads_to(call.session.actor, "/spend"):
        suggestions = await part(services.get("brief", f"/v1/briefs/{brief_id}/price-suggestions"))
    context = {
        "brief": brief,
        "suggestions": suggestions,
        "catalogue": by_item(suggestions["catalogue"]) if suggestions else {},
        "type": brief_type,
        "progress": progress,
        "history": history,
        "comments": comments,
        "proofs": proofs,
        "approvals": approvals,
        "orders": orders,
        "shipments": shipments,
        "kinds": names_of_kinds(kinds),
        "budget": budget,
        "requests": requests[0] if requests else None,
        "processes": [
            each
            for each in (processes["items"] if processes else [])
            if "published" in each and each["subject"] == "brief"
        ],
        "refused": refused,
    }
    return Shown("brief.html", context, refused.status if refused else 200)
