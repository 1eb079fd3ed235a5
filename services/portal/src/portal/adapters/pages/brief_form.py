"""Write a brief, or change a draft."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, Shown

from ..amounts import plain_number, typed_number
from ..answers import answers_in_fields, answers_typed
from ..client import Refused, part
from ..places import deliveries_typed

pages = Pages()

_SPARE_ROWS = 3
_TEXTS = ("title", "category", "purpose", "budget", "deadline", "customer", "cost_centre")


@pages.get("/new-brief")
async def show_new(call: PageCall) -> Answer:
    return await _form(call, None, {"items": [], "type": call.query.get("type", "")})


@pages.post("/new-brief")
async def draft(call: PageCall) -> Answer:
    if call.text("more"):
        return await _form(call, None, _typed(call))
    type_key = call.text("type")
    content = {**await _content(call), **({"type": type_key} if type_key else {})}
    try:
        brief = await call.session.services.send(
            "brief", "POST", "/v1/briefs", content, key=call.text("once")
        )
    except Refused as refused:
        return await _form(call, None, _typed(call), refused)
    return SeeOther(f"/briefs/{brief['id']}")


@pages.get("/briefs/{brief_id}/edit")
async def show_edit(call: PageCall, brief_id: UUID) -> Answer:
    brief = await call.session.services.get("brief", f"/v1/briefs/{brief_id}")
    given = {name: brief.get(name, "") for name in _TEXTS} | {"version": brief["version"]}
    given |= {"type": brief.get("type_key", ""), "type_version": brief.get("type_version", "")}
    given["answers"] = brief["form"]
    given["budget"] = typed_number(given["budget"], call.language)
    given["items"] = [
        {
            "item_id": item["item_id"],
            "kind": item["kind"],
            "description": item["description"],
            "quantity": typed_number(item["quantity"], call.language),
            "unit": item["unit"],
            "deliveries": "\n".join(
                f"{each['destination']}: {typed_number(each['quantity'], call.language)}"
                for each in item.get("deliveries", [])
            ),
        }
        for item in brief["items"]
    ]
    return await _form(call, brief_id, given)


@pages.post("/briefs/{brief_id}/edit")
async def revise(call: PageCall, brief_id: UUID) -> Answer:
    if call.text("more"):
        return await _form(call, brief_id, _typed(call))
    try:
        await call.session.services.send(
            "brief", "PUT", f"/v1/briefs/{brief_id}", await _content(call), version=call.text("version")
        )
    except Refused as refused:
        return await _form(call, brief_id, _typed(call), refused)
    return SeeOther(f"/briefs/{brief_id}")


def _typed(call: PageCall) -> dict[str, Any]:
    """What was sent, as it was typed."""
    given: dict[str, Any] = {name: call.text(name) for name in (*_TEXTS, "version", "type", "type_version")}
    given["items"] = [row for row in _rows(call) if row["kind"] or row["description"] or row["quantity"]]
    return given


def _rows(call: PageCall) -> list[dict[str, str]]:
    names = ("item_id", "kind", "description", "quantity", "unit", "deliveries")
    count = len(call.form.getall("kind", []))
    columns = {name: [*call.form.getall(name, []), *[""] * count] for name in names}
    return [{name: columns[name][row] for name in names} for row in range(count)]


async def _content(call: PageCall) -> dict[str, Any]:
    """What the brief service takes."""
    given = _typed(call)
    brief_type = await _type(call, given)
    content = {name: given[name] for name in _TEXTS if given[name]}
    if "budget" in content:
        content["budget"] = plain_number(content["budget"], call.language)
    if brief_type:
        content["form"] = answers_typed(call, brief_type["form"]["properties"])
    content["items"] = [
        {
            **({"item_id": row["item_id"]} if row["item_id"] else {}),
            "kind": row["kind"],
            "description": row["description"],
            "quantity": plain_number(row["quantity"], call.language),
            "unit": row["unit"] or "pz",
            "deliveries": deliveries_typed(row["deliveries"], call.language),
        }
        for row in given["items"]
    ]
    return content


async def _type(call: PageCall, given: dict[str, Any]) -> Any:
    """The type that the brief is of, in its version of that day."""
    if not given.get("type"):
        return None
    path = f"/v1/brief-types/{quote(given['type'], safe='')}"
    return await part(call.session.services.get("brief", path, version=given.get("type_version")))


async def _form(
    call: PageCall, brief_id: UUID | None, given: dict[str, Any], refused: Refused | None = None
) -> Answer:
    services = call.session.services
    kinds, destinations, types, centres, brief_type = await asyncio.gather(
        part(services.every("production", "/v1/kinds")),
        part(services.every("logistics", "/v1/destinations")),
        part(services.every("brief", "/v1/brief-types")),
        part(services.every("brief", "/v1/cost-centres")),
        _type(call, given),
    )
    properties = brief_type["form"]["properties"] if brief_type else {}
    answers = given.get("answers")
    if answers is None:
        answers = answers_typed(call, properties)
    empty = dict.fromkeys(("item_id", "kind", "description", "quantity", "unit", "deliveries"), "")
    context = {
        "brief_id": brief_id,
        "given": dict.fromkeys((*_TEXTS, "version", "type_version"), "") | given,
        "types": [each for each in types["items"] if each["offered"]] if types else [],
        "type": brief_type,
        "answers": answers_in_fields(answers, properties, call.language),
        "rows": [*given["items"], *[empty] * _SPARE_ROWS],
        "cost_centres": centres["items"] if centres else [],
        "kinds": kinds["items"] if kinds else [],
        "destinations": destinations["items"] if destinations else [],
        "refused": refused,
    }
    return Shown("brief_form.html", context, refused.status if refused else 200)
