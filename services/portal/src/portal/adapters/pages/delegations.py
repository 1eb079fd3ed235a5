"""Delegate decisions to another person for a while."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..choosing import people_of, person_named
from ..client import LISTED, Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm, day_begins, filled

pages = Pages()


@pages.get("/delegations")
async def show_delegations(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/delegations")
async def delegate(call: PageCall) -> Answer:
    given = {name: call.text(name) for name in ("whose", "to", "from", "until", "process", "up_to", "reason")}
    body = {
        "starts_at": day_begins(given["from"]),
        "ends_at": day_begins(given["until"], later=1),
        "processes": [given["process"]] if given["process"] else [],
        **filled(reason=given["reason"], up_to=plain_number(given["up_to"], call.language)),
    }
    try:
        body |= filled(from_person_id=await person_named(call, given["whose"]))
        body["to_person_id"] = await person_named(call, given["to"])
        await call.session.services.send("approval", "POST", "/v1/delegations", body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, RefusedForm("delegation", given, refused))
    return SeeOther("/delegations")


@pages.post("/delegations/{delegation_id}/revocation")
async def revoke(call: PageCall, delegation_id: UUID) -> Answer:
    try:
        await call.session.services.send("approval", "DELETE", f"/v1/delegations/{delegation_id}")
    except Refused as refused:
        return await _page(call, RefusedForm("revocation", {}, refused))
    return SeeOther("/delegations")


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    delegations, people, processes = await with_parts(
        services.get("approval", "/v1/delegations", limit=50, cursor=call.query.get("cursor")),
        services.get("identity", "/v1/people", limit=LISTED),
        services.every("approval", "/v1/processes"),
    )
    own = str(call.session.actor.person_id)
    names = {each["key"]: each["name"] for each in (processes["items"] if processes else [])}
    context = {
        "delegations": delegations,
        "own": own,
        "process_names": names,
        "colleagues": people_of(people, but=call.session.actor.person_id),
        "today": call.now.date().isoformat(),
        "sent": sent,
    }
    return TemplateAnswer("delegations.html", context, sent.status)
