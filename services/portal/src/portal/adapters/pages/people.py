"""The company's people: find, invite, change and suspend them, and hand over their work when they leave."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..choosing import people_of, person_named
from ..client import LISTED, Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..navigation import leads_to

pages = Pages()


@pages.get("/people")
async def show_people(call: PageCall) -> Answer:
    services = call.session.services
    query = {name: call.query.get(name) for name in ("text", "cursor")}
    people, roles = await with_parts(
        services.get("identity", "/v1/people", limit=50, **query),
        services.every("identity", "/v1/roles"),
    )
    context = {
        "people": people,
        "text": query["text"] or "",
        "role_names": _names(roles),
        "state_of": _state_of,
    }
    return TemplateAnswer("people.html", context)


@pages.get("/people/{person_id}")
async def show_person(call: PageCall, person_id: UUID) -> Answer:
    return await _person(call, person_id)


@pages.post("/people/{person_id}")
async def change_person(call: PageCall, person_id: UUID) -> Answer:
    body = {"roles": call.form.getall("roles", []), "unit": call.text("unit") or None}
    return await _change(call, person_id, "roles", body)


@pages.post("/people/{person_id}/presence")
async def change_presence(call: PageCall, person_id: UUID) -> Answer:
    return await _change(call, person_id, "presence", {"active": call.text("active") == "yes"})


@pages.post("/people/{person_id}/departure")
async def depart(call: PageCall, person_id: UUID) -> Answer:
    typed = {"successor": call.text("successor")}
    try:
        body = {"successor": await person_named(call, typed["successor"])}
        await call.session.services.send(
            "identity", "POST", f"/v1/people/{person_id}/departure", body, key=call.text("once")
        )
    except Refused as refused:
        return await _person(call, person_id, RefusedForm("departure", typed, refused))
    return SeeOther(f"/people/{person_id}")


@pages.get("/new-person")
async def show_invitation(call: PageCall) -> Answer:
    return await _invitation(call)


@pages.post("/new-person")
async def invite(call: PageCall) -> Answer:
    given = {name: call.text(name) for name in ("name", "email", "kind", "company", "unit", "language")}
    roles = call.form.getall("roles", [])
    try:
        invited = await call.session.services.send(
            "identity",
            "POST",
            "/v1/invitations",
            {**filled(**given), "roles": roles},
            key=call.text("once"),
        )
    except Refused as refused:
        return await _invitation(call, RefusedForm("invitation", {**given, "roles": roles}, refused))
    return TemplateAnswer("person_invited.html", {"link": invited})


@pages.post("/people/{person_id}/invitation")
async def invite_again(call: PageCall, person_id: UUID) -> Answer:
    return await _link(call, person_id, "invitation", "person_invited.html")


@pages.post("/people/{person_id}/invitation/withdrawal")
async def withdraw_invitation(call: PageCall, person_id: UUID) -> Answer:
    return await _take(call, person_id, "invitation")


@pages.post("/people/{person_id}/password-reset")
async def reset_password(call: PageCall, person_id: UUID) -> Answer:
    return await _link(call, person_id, "password-reset", "person_password.html")


@pages.post("/people/{person_id}/second-factor/removal")
async def remove_second_factor(call: PageCall, person_id: UUID) -> Answer:
    return await _take(call, person_id, "second-factor")


@pages.post("/people/{person_id}/sessions/{session_id}/end")
async def end_session(call: PageCall, person_id: UUID, session_id: UUID) -> Answer:
    return await _take(call, person_id, f"sessions/{session_id}")


@pages.post("/people/{person_id}/sessions/end")
async def end_sessions(call: PageCall, person_id: UUID) -> Answer:
    return await _take(call, person_id, "sessions")


async def _link(call: PageCall, person_id: UUID, what: str, template: str) -> Answer:
    """Show a link that works only once. It can't be shown again."""
    try:
        link = await call.session.services.send(
            "identity", "POST", f"/v1/people/{person_id}/{what}", key=call.text("once")
        )
    except Refused as refused:
        return await _person(call, person_id, RefusedForm("access", {}, refused))
    return TemplateAnswer(template, {"link": link})


async def _take(call: PageCall, person_id: UUID, what: str) -> Answer:
    try:
        await call.session.services.send("identity", "DELETE", f"/v1/people/{person_id}/{what}")
    except Refused as refused:
        return await _person(call, person_id, RefusedForm("access", {}, refused))
    return SeeOther(f"/people/{person_id}")


async def _change(call: PageCall, person_id: UUID, form: str, body: Mapping[str, Any]) -> Answer:
    version = call.text("version")
    try:
        await call.session.services.send(
            "identity", "PATCH", f"/v1/people/{person_id}", body, version=version
        )
    except Refused as refused:
        return await _person(call, person_id, RefusedForm(form, body, refused))
    return SeeOther(f"/people/{person_id}")


@pages.post("/people/{person_id}/erasure")
async def erase(call: PageCall, person_id: UUID) -> Answer:
    try:
        await call.session.services.send(
            "trail", "POST", f"/v1/people/{person_id}/erasure", key=call.text("once")
        )
    except Refused as refused:
        return await _person(call, person_id, RefusedForm("erasure", {}, refused))
    return SeeOther(f"/people/{person_id}?erased=yes")


async def _person(call: PageCall, person_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    person, roles, units, people = await with_parts(
        services.get("identity", f"/v1/people/{person_id}"),
        services.every("identity", "/v1/roles"),
        services.every("identity", "/v1/units"),
        services.get("identity", "/v1/people", limit=LISTED),
    )
    sessions = None
    if "end_sessions" in person["actions"]:
        sessions = await part(services.get("identity", f"/v1/people/{person_id}/sessions", limit=50))
    unit_id = person.get("unit", {}).get("id")
    context = {
        "person": person,
        "state": _state_of(person),
        "unit": next((each["key"] for each in _items(units) if each["id"] == unit_id), ""),
        "sessions": sessions,
        "own_session": str(call.session.actor.session_id),
        "role_names": _names(roles),
        "units": [(each["key"], each["name"]) for each in _items(units)],
        "successors": people_of(people, but=person["id"]),
        "chosen_roles": sent.values["roles"] if sent.form == "roles" else person["roles"],
        "may_erase": not person["active"] and leads_to(call.session.actor, "/people/erasure"),
        "erased": "erased" in call.query,
        "sent": sent,
    }
    return TemplateAnswer("person.html", context, sent.status)


async def _invitation(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    call.session.actor.require("person.invite")
    services = call.session.services
    roles, units = await asyncio.gather(
        part(services.every("identity", "/v1/roles")),
        part(services.every("identity", "/v1/units")),
    )
    context = {
        "role_names": _names(roles),
        "units": [(each["key"], each["name"]) for each in _items(units)],
        "chosen_roles": sent.values.get("roles", []),
        "sent": sent,
    }
    return TemplateAnswer("person_form.html", context, sent.status)


def _items(found: Any) -> Sequence[Mapping[str, Any]]:
    return found["items"] if found else []


def _names(roles: Any) -> dict[str, str]:
    return {each["key"]: each["name"] for each in _items(roles)}


def _state_of(person: Mapping[str, Any]) -> str:
    if not person["joined"]:
        return "invited"
    return "active" if person["active"] else "suspended"
