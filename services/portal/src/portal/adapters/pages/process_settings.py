"""The settings of a whole process: its name, limits of amounts for approvers, and fields that approvers fill
in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import Refused, part
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()

_EMPTY_ROWS: Final = 2
KINDS: Final = ("text", "number", "whole", "money", "date", "flag")


@pages.get("/processes/{key}/settings")
async def show_settings(call: PageCall, key: str) -> Answer:
    return await _page(call, key)


@pages.post("/processes/{key}/settings")
async def change_settings(call: PageCall, key: str) -> Answer:
    services = call.session.services
    definition = {**(await services.get("approval", _address(key)))["definition"], **_typed(call)}
    try:
        await services.send("approval", "PUT", _address(key), definition, version=call.text("version"))
    except Refused as refused:
        return await _page(call, key, RefusedForm("settings", definition, refused))
    return SeeOther(f"/processes/{quote(key, safe='')}/steps")


def _address(key: str) -> str:
    return f"/v1/processes/{quote(key, safe='') or '-'}"


def _typed(call: PageCall) -> dict[str, Any]:
    def column(name: str) -> list[str]:
        return [str(each).strip() for each in call.form.getall(name, [])]

    limits = {
        role: "unlimited" if how == "unlimited" else plain_number(amount, call.language)
        for role, how, amount in zip(column("role"), column("how"), column("amount"), strict=False)
        if role
    }
    fields = {
        code: {"type": kind, **({"name": name} if name else {})}
        for code, name, kind in zip(column("code"), column("label"), column("kind"), strict=False)
        if code
    }
    return {"name": call.text("name"), "limits": limits, "fields": fields}


async def _page(call: PageCall, key: str, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    answer = await services.answered("approval", _address(key))
    if "define" not in answer.body["actions"]:
        return SeeOther(f"/processes/{quote(key, safe='')}")
    roles = await part(services.every("identity", "/v1/roles"))
    definition: Mapping[str, Any] = sent.values or answer.body["definition"]
    limits = definition.get("limits", {})
    named = {each["key"]: each["name"] for each in (roles["items"] if roles else ())}
    context = {
        "process": answer.body,
        "version": answer.version,
        "definition": definition,
        "roles": list({**{role: role for role in limits}, **named}.items()),
        "limits": [*limits.items(), *[("", "")] * _EMPTY_ROWS],
        "fields": [*definition.get("fields", {}).items(), *[("", {})] * _EMPTY_ROWS],
        "kinds": KINDS,
        "sent": sent,
    }
    return TemplateAnswer("process_settings.html", context, sent.status)
