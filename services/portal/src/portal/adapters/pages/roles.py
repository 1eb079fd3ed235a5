"""The privileges of each role, and the company's own roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()


@pages.get("/roles")
async def show_roles(call: PageCall) -> Answer:
    services = call.session.services
    roles, privileges = await with_parts(
        services.every("identity", "/v1/roles"), services.get("identity", "/v1/privileges")
    )
    context = {
        "roles": roles["items"],
        "privileges": privileges,
        "offering": roles,
    }
    return TemplateAnswer("roles_matrix.html", context)


@pages.get("/new-role")
async def show_new(call: PageCall) -> Answer:
    return await _form(call, None)


@pages.post("/new-role")
async def define(call: PageCall) -> Answer:
    return await _save(call, None, call.text("key"))


@pages.get("/roles/{key}")
async def show_role(call: PageCall, key: str) -> Answer:
    return await _form(call, key)


@pages.post("/roles/{key}")
async def change(call: PageCall, key: str) -> Answer:
    return await _save(call, key, key)


async def _save(call: PageCall, known: str | None, key: str) -> Answer:
    body = {
        "name": call.text("name"),
        "privileges": call.form.getall("privileges", []),
        "second_factor": call.text("second_factor") == "yes",
    }
    try:
        await call.session.services.send("identity", "PUT", _address(key), body, version=call.text("version"))
    except Refused as refused:
        return await _form(call, known, RefusedForm("role", {**body, "key": key}, refused))
    return SeeOther("/roles")


def _address(key: str) -> str:
    return f"/v1/roles/{quote(key, safe='') or '-'}"


async def _form(call: PageCall, key: str | None, sent: RefusedForm = NOTHING_SENT) -> Answer:
    actor, services = call.session.actor, call.session.services
    asked = [services.get("identity", "/v1/privileges")]
    if key is not None:
        asked.append(services.get("identity", _address(key)))
    found, *known = await with_parts(*asked)
    role: Mapping[str, Any] = known[0] if known else {"key": "", "name": "", "privileges": []}
    if key is not None and (not known[0] or "redefine" not in role["actions"]):
        return SeeOther("/roles")
    context = {
        "role": role,
        "key": key,
        "chosen": sent.values.get("privileges", role["privileges"]),
        "second_factor": sent.values.get("second_factor", role.get("second_factor", False)),
        "privileges": [{**each, "why_not": _why_not(actor, each)} for each in found["privileges"]],
        "sent": sent,
    }
    return TemplateAnswer("role_form.html", context, sent.status)


def _why_not(actor: Any, privilege: Mapping[str, Any]) -> str:
    """Return why the reader can't put a privilege into a role; empty if it is possible."""
    if privilege["admin_only"]:
        return "admin_only"
    return "" if privilege["key"] in actor.privileges else "not_held"
