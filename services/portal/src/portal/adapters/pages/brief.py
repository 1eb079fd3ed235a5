"""One brief's whole story, and what the reader may do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number, typed_number
from ..brief_reasons import reason_code
from ..client import LISTED, AsPerson, Refused, ServiceAway, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm
from ..kinds import names_of_kinds
from ..mentions import directory_of, mentionable, mentioned_in
from ..pasted import PastedPrices, prices_pasted
from ..suppliers import by_item
from .brief_form import attach_files

pages = Pages()

LISTS: Final = ("progress", "history", "comments", "proofs")
"""What a brief's story holds of lists that the page shows whole."""


@pages.get("/briefs/{brief_id}")
async def show_brief(call: PageCall, brief_id: UUID) -> Answer:
    return await _page(call, brief_id)


@pages.get("/briefs/{brief_id}/attachments/{attachment_id}")
async def download(call: PageCall, brief_id: UUID, attachment_id: UUID) -> Answer:
    file = await call.session.services.file("brief", f"/v1/briefs/{brief_id}/attachments/{attachment_id}")
    return RawAnswer(file.body, file.media_type, file.disposition)


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
        return await _page(call, brief_id, RefusedForm("copy", call.form, refused))
    return SeeOther(f"/briefs/{copied['id']}/edit")


@pages.post("/briefs/{brief_id}/templates")
async def keep_template(call: PageCall, brief_id: UUID) -> Answer:
    path, body = f"/v1/briefs/{brief_id}/templates", {"name": call.text("name")}
    try:
        await call.session.services.send("brief", "POST", path, body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, brief_id, RefusedForm("templates", call.form, refused))
    return SeeOther("/new-brief")


@pages.post("/briefs/{brief_id}/comments")
async def comment(call: PageCall, brief_id: UUID) -> Answer:
    try:
        body = {"text": call.text("text"), "mentioned_ids": await mentioned_in(call)}
        await call.session.services.send(
            "brief", "POST", f"/v1/briefs/{brief_id}/comments", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, brief_id, RefusedForm("comments", call.form, refused))
    return SeeOther(f"/briefs/{brief_id}#comments")


@pages.post("/briefs/{brief_id}/read-marker")
async def read_comments(call: PageCall, brief_id: UUID) -> Answer:
    body = {"comment_id": call.text("comment_id")}
    return await _send(call, brief_id, "PUT", f"/v1/briefs/{brief_id}/read-marker", body)


@pages.post("/briefs/{brief_id}/comments/{comment_id}")
async def change_comment(call: PageCall, brief_id: UUID, comment_id: UUID) -> Answer:
    body = {"text": call.text("text"), "mentioned_ids": call.form.getall("mentioned", [])}
    return await _send(call, brief_id, "PUT", f"/v1/briefs/{brief_id}/comments/{comment_id}", body)


@pages.post("/briefs/{brief_id}/attachments/{attachment_id}/removal")
async def take_out(call: PageCall, brief_id: UUID, attachment_id: UUID) -> Answer:
    return await _send(call, brief_id, "DELETE", f"/v1/briefs/{brief_id}/attachments/{attachment_id}")


@pages.post("/briefs/{brief_id}/prices")
async def price(call: PageCall, brief_id: UUID) -> Answer:
    if call.text("read"):
        return await _page(call, brief_id, RefusedForm("pasted", call.form))
    lines = [
        {"item_id": item_id, "unit_price": plain_number(typed, call.language)}
        for item_id, typed in _prices_typed(call.form).items()
    ]
    body = {"revision": int(call.text("revision") or 0), "lines": lines}
    try:
        await call.session.services.send(
            "brief", "PUT", f"/v1/briefs/{brief_id}/prices", body, version=call.text("version")
        )
    except Refused as refused:
        return await _page(call, brief_id, RefusedForm("prices", call.form, refused))
    return SeeOther(f"/briefs/{brief_id}")


@pages.post("/briefs/{brief_id}/attachments", max_bytes=11 << 20)
async def attach(call: PageCall, brief_id: UUID) -> Answer:
    try:
        await attach_files(call, brief_id)
    except Refused as refused:
        return await _page(call, brief_id, RefusedForm("attachments", call.form, refused))
    return SeeOther(f"/briefs/{brief_id}")


async def _send(
    call: PageCall, brief_id: UUID, method: str, path: str, body: dict[str, Any] | None = None
) -> Answer:
    try:
        await call.session.services.send("brief", method, path, body)
    except Refused as refused:
        return await _page(call, brief_id, RefusedForm(method, call.form, refused))
    return SeeOther(f"/briefs/{brief_id}")


async def _command(call: PageCall, brief_id: UUID, what: str, body: dict[str, Any]) -> Answer:
    version, key = call.text("version"), call.text("once")
    try:
        await call.session.services.send(
            "brief", "POST", f"/v1/briefs/{brief_id}/{what}", body, version=version, key=key
        )
    except Refused as refused:
        return await _page(call, brief_id, RefusedForm(what, call.form, refused))
    return SeeOther(f"/briefs/{brief_id}")


def _prices_typed(form: Mapping[str, Any]) -> dict[str, str]:
    """Return the typed prices by item id."""
    return {
        name.removeprefix("price-"): str(value) for name, value in form.items() if name.startswith("price-")
    }


def _prices_set(brief: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return a brief's prices by item id as a person would type them: those that were set, or else those that
    its last revision proposes."""
    lines = brief["prices"]["lines"] if "prices" in brief else brief.get("proposed_prices", [])
    return {line["item_id"]: typed_number(line["unit_price"], language) for line in lines}


async def story_of(services: AsPerson, brief_id: UUID) -> Any:
    """Return what the brief service tells of a brief, each list whole. Raises Away if the service is of an
    earlier release, which tells no stories: the brief may well be there."""
    path = f"/v1/briefs/{brief_id}"
    try:
        story = await services.get("brief", f"{path}/story", limit=LISTED)
    except Refused as refused:
        if refused.code == "no_such_address":
            raise ServiceAway("brief") from refused
        raise
    whole = (part(services.read_on("brief", f"{path}/{name}", story[name])) for name in LISTS)
    return story | dict(zip(LISTS, await asyncio.gather(*whole), strict=True))


async def _page(call: PageCall, brief_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    (story, approvals, orders, shipments, kinds), (people, roles) = await asyncio.gather(
        with_parts(
            story_of(services, brief_id),
            services.get("approval", "/v1/approvals", subject_id=brief_id),
            services.get("production", "/v1/orders", brief_id=brief_id),
            services.get("logistics", "/v1/shipments", brief_id=brief_id),
            services.every("production", "/v1/kinds"),
        ),
        directory_of(call),
    )
    brief, suggestions = story["brief"], story.get("price_suggestions")
    names = names_of_kinds(kinds)
    pasted, prices = PastedPrices(), _prices_set(brief, call.language)
    if sent.form in ("prices", "pasted"):
        prices |= _prices_typed(sent.values)
    if sent.form == "pasted":
        pasted = prices_pasted(sent.typed("pasted", "pasted"), brief["items"], names, call.language)
        prices |= {item_id: each.typed for item_id, each in pasted.prices.items()}
    context = {
        "brief": brief,
        "reason_code": reason_code,
        "pasted": pasted,
        "prices": prices,
        "suggestions": suggestions,
        "catalogue": by_item(suggestions["catalogue"]) if suggestions else {},
        "type": story.get("type"),
        **{name: story[name] for name in LISTS},
        "approvals": approvals,
        "orders": orders,
        "shipments": shipments,
        "kinds": names,
        "budget": story.get("budget"),
        "requests": story.get("quotation_requests"),
        "mentionable": mentionable(people, roles, brief, but=call.session.actor.person_id),
        "mentioned": call.form.getall("mentioned", []) if sent.form == "comments" else [],
        "sent": sent,
    }
    return TemplateAnswer("brief.html", context, sent.status)
