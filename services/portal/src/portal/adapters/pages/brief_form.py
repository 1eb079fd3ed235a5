"""Write a brief, or change a draft, in short pages: each saves the draft before the next is shown."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import typed_number
from ..answers import answers_in_fields, answers_typed
from ..client import Refused, part
from ..drafts import (
    WHAT,
    DraftPage,
    changed,
    content_of,
    deliveries_shown,
    pages_of,
    rows_of,
    rows_typed,
    what_typed,
)

pages = Pages()

_EMPTY_ROW: Final = dict.fromkeys(("item_id", "kind", "description", "quantity", "unit"), "")
_BEGUN: Final = 3
"""How many existing drafts the page offers at most to a person who begins another one."""


@pages.get("/new-brief")
async def show_new(call: PageCall) -> Answer:
    return await _new(call, call.query.get("type", ""))


@pages.post("/new-brief")
async def draft(call: PageCall) -> Answer:
    type_key = call.text("type")
    content = {**what_typed(call), **({"type": type_key} if type_key else {})}
    try:
        brief = await call.session.services.send(
            "brief", "POST", "/v1/briefs", content, key=call.text("once")
        )
    except Refused as refused:
        return await _new(call, type_key, refused)
    return SeeOther(_after(call, brief, await type_of(call, brief), ""))


@pages.post("/brief-templates/{template_id}/briefs")
async def begin(call: PageCall, template_id: UUID) -> Answer:
    path = f"/v1/brief-templates/{template_id}/briefs"
    try:
        brief = await call.session.services.send("brief", "POST", path, {}, key=call.text("once"))
    except Refused as refused:
        return await _new(call, "", refused)
    return SeeOther(address_of(brief["id"]))


@pages.post("/brief-templates/{template_id}/removal")
async def drop(call: PageCall, template_id: UUID) -> Answer:
    try:
        await call.session.services.send("brief", "DELETE", f"/v1/brief-templates/{template_id}")
    except Refused as refused:
        return await _new(call, "", refused)
    return SeeOther("/new-brief")


@pages.get("/briefs/{brief_id}/edit")
async def show_what(call: PageCall, brief_id: UUID) -> Answer:
    return await _show(call, brief_id, "")


@pages.post("/briefs/{brief_id}/edit")
async def save_what(call: PageCall, brief_id: UUID) -> Answer:
    return await _save(call, brief_id, "")


@pages.get("/briefs/{brief_id}/edit/answers/{number}")
async def show_answers(call: PageCall, brief_id: UUID, number: int) -> Answer:
    return await _show(call, brief_id, f"answers/{number}")


@pages.post("/briefs/{brief_id}/edit/answers/{number}")
async def save_answers(call: PageCall, brief_id: UUID, number: int) -> Answer:
    return await _save(call, brief_id, f"answers/{number}")


@pages.get("/briefs/{brief_id}/edit/items")
async def show_items(call: PageCall, brief_id: UUID) -> Answer:
    return await _show(call, brief_id, "items")


@pages.post("/briefs/{brief_id}/edit/items")
async def save_items(call: PageCall, brief_id: UUID) -> Answer:
    return await _save(call, brief_id, "items")


@pages.get("/briefs/{brief_id}/edit/delivery")
async def show_delivery(call: PageCall, brief_id: UUID) -> Answer:
    return await _show(call, brief_id, "delivery")


@pages.post("/briefs/{brief_id}/edit/delivery")
async def save_delivery(call: PageCall, brief_id: UUID) -> Answer:
    return await _save(call, brief_id, "delivery")


@pages.get("/briefs/{brief_id}/edit/files")
async def show_files(call: PageCall, brief_id: UUID) -> Answer:
    return await _show(call, brief_id, "files")


@pages.post("/briefs/{brief_id}/edit/files", max_bytes=11 << 20)
async def attach(call: PageCall, brief_id: UUID) -> Answer:
    try:
        await attach_files(call, brief_id)
    except Refused as refused:
        return await _show(call, brief_id, "files", refused)
    return SeeOther(f"{address_of(brief_id)}/files")


@pages.post("/briefs/{brief_id}/edit/files/{attachment_id}/removal")
async def take_out(call: PageCall, brief_id: UUID, attachment_id: UUID) -> Answer:
    path = f"/v1/briefs/{brief_id}/attachments/{attachment_id}"
    try:
        await call.session.services.send("brief", "DELETE", path)
    except Refused as refused:
        return await _show(call, brief_id, "files", refused)
    return SeeOther(f"{address_of(brief_id)}/files")


async def attach_files(call: PageCall, brief_id: UUID) -> None:
    """Attach the files of the form's field `file` one after the other. Raises Refused at the first
    refusal."""
    for file in call.form.getall("file", []):
        if isinstance(file, FileField) and file.filename:
            name = file.filename.replace("\\", "/").rpartition("/")[2]
            await call.session.services.upload(
                "brief", f"/v1/briefs/{brief_id}/attachments", name, file.content_type, file.file.read()
            )


def address_of(brief_id: UUID | str, page: str = "") -> str:
    return f"/briefs/{brief_id}/edit" + (f"/{page}" if page else "")


async def type_of(call: PageCall, brief: Any) -> Any:
    """Return the brief's type in the version that the brief uses, or None if it has none."""
    if "type_key" not in brief:
        return None
    path = f"/v1/brief-types/{quote(brief['type_key'], safe='')}"
    return await part(call.session.services.get("brief", path, version=brief["type_version"]))


async def _new(call: PageCall, type_key: str, refused: Refused | None = None) -> Answer:
    services = call.session.services
    types = await part(services.every("brief", "/v1/brief-types"))
    offered = [each for each in (types["items"] if types else ()) if each["offered"]]
    begun = await part(services.get("brief", "/v1/briefs", state="draft", requester="me", limit=_BEGUN))
    templates = await part(services.get("brief", "/v1/brief-templates", limit=50))
    brief_type = None
    if type_key:
        brief_type = await part(services.get("brief", f"/v1/brief-types/{quote(type_key, safe='')}"))
    shown = pages_of(brief_type, {})
    context = {
        "brief": None,
        "type": brief_type,
        "types": offered,
        "begun": begun,
        "templates": templates["items"] if templates else [],
        "given": {name: call.text(name) for name in WHAT},
        **await _offered(call, shown[0]),
    }
    return _shown(call, shown, shown[0], context, refused)


async def _show(call: PageCall, brief_id: UUID, address: str, refused: Refused | None = None) -> Answer:
    brief = await call.session.services.get("brief", f"/v1/briefs/{brief_id}")
    if "revise" not in brief["actions"]:
        return SeeOther(f"/briefs/{brief_id}")
    brief_type = await type_of(call, brief)
    shown = pages_of(brief_type, brief["form"])
    page = next((each for each in shown if each.address == address), None)
    if page is None:
        return SeeOther(address_of(brief_id))
    context = {
        "brief": brief,
        "type": brief_type,
        **_in_fields(call, brief, page, typed=refused is not None),
        **await _offered(call, page),
    }
    return _shown(call, shown, page, context, refused)


def _shown(
    call: PageCall, shown: list[DraftPage], page: DraftPage, context: dict[str, Any], refused: Refused | None
) -> Answer:
    whole = {"pages": shown, "page": page, "then": call.query.get("then", ""), "refused": refused, **context}
    return TemplateAnswer("brief_form.html", whole, refused.status if refused else 200)


async def _save(call: PageCall, brief_id: UUID, address: str) -> Answer:
    """Save one page of the draft. If another tab has changed the draft meanwhile, the service refuses the
    version; the page is then shown with the typed values on top of the present draft."""
    services = call.session.services
    brief = await services.get("brief", f"/v1/briefs/{brief_id}")
    brief_type = await type_of(call, brief)
    page = next((each for each in pages_of(brief_type, brief["form"]) if each.address == address), None)
    if page is None:
        return SeeOther(address_of(brief_id))
    before = content_of(brief)
    content = changed(before, page, call)
    if content != before:
        try:
            brief = await services.send(
                "brief", "PUT", f"/v1/briefs/{brief_id}", content, version=call.text("version")
            )
        except Refused as refused:
            return await _show(call, brief_id, address, refused)
    return SeeOther(_after(call, brief, brief_type, address))


def _after(call: PageCall, brief: Any, brief_type: Any, address: str) -> str:
    """Return the address to which a saved page leads."""
    order = [each.address for each in pages_of(brief_type, brief["form"])]
    here, brief_id = order.index(address), brief["id"]
    match call.text("to"):
        case "leave":
            return f"/briefs/{brief_id}"
        case "stay":
            return address_of(brief_id, address)
        case "back":
            return address_of(brief_id, order[max(here - 1, 0)])
    return address_of(brief_id, "check" if call.query.get("then") == "check" else order[here + 1])


def _in_fields(call: PageCall, brief: Any, page: DraftPage, *, typed: bool) -> dict[str, Any]:
    """Return the values of the page's fields: those of the draft, or those that were typed and refused."""
    language = call.language
    if page.form:
        own = page.form["properties"]
        answers = answers_typed(call, own) if typed else brief["form"]
        return {"answers": answers_in_fields(answers, own, language)}
    match page.address:
        case "":
            given = {name: call.text(name) if typed else brief.get(name, "") for name in WHAT}
            return {"given": given if typed else {**given, "budget": typed_number(given["budget"], language)}}
        case "items":
            rows = rows_typed(call) if typed else rows_of(brief["items"], language)
            return {"rows": [*rows, *[_EMPTY_ROW] * (1 if rows else 2)]}
        case "delivery":
            deliveries = {
                each["item_id"]: call.text(f"deliveries-{each['item_id']}")
                if typed
                else deliveries_shown(each, language)
                for each in brief["items"]
            }
            deadline = call.text("deadline") if typed else brief.get("deadline", "")
            return {"deadline": deadline, "deliveries": deliveries}
    return {}


async def _offered(call: PageCall, page: DraftPage) -> dict[str, Any]:
    """Return the choices that the page offers."""
    services = call.session.services
    match page.address:
        case "":
            centres = await part(services.every("brief", "/v1/cost-centres"))
            return {"cost_centres": centres["items"] if centres else []}
        case "items" | "delivery":
            kinds = await part(services.every("production", "/v1/kinds"))
            known = {"kinds": kinds["items"] if kinds else []}
            if page.address == "delivery":
                places = await part(services.every("logistics", "/v1/destinations"))
                known["destinations"] = places["items"] if places else []
            return known
    return {}
