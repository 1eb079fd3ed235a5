"""The record of every step (who did what, when): search it, download it, and verify it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from optima_kit.actor import Actor
from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..choosing import person_named
from ..client import LISTED, AsPerson, Refused, part, with_parts
from ..forms import day_begins, today
from ..labels import LABELS
from ..navigation import leads_to

pages = Pages()

_SHOWN_AT_FIRST: Final = timedelta(days=6)
_FILTERS: Final = ("brief", "person", "type", "from", "to")
_LEADS_TO: Final = (
    # A draft belongs to its requester; anybody else would find nothing on its page.
    ("optima.brief.drafted.", None),
    ("optima.brief.attachment_", None),
    ("optima.brief.type_", None),
    ("optima.brief.quotation_", None),
    ("optima.brief.proof_", "/proofs"),
    ("optima.brief.", "/briefs"),
    ("optima.economics.brief_", "/briefs"),
    ("optima.approval.process_", None),
    ("optima.approval.delegation_", None),
    ("optima.approval.", "/approvals"),
    ("optima.production.order_", "/orders"),
    ("optima.logistics.shipment_", "/shipments"),
    ("optima.logistics.ddt_", "/shipments"),
    ("optima.logistics.packages_", "/shipments"),
    ("optima.identity.person_", "/people"),
)
"""The beginnings of event types, and the page of their subjects to which a reader is led, if it has one. The
first match counts."""
_STORIES: Final = (
    "optima.brief.",
    "optima.economics.",
    "optima.approval.",
    "optima.production.order_",
    "optima.production.job_",
    "optima.production.phase_",
    "optima.logistics.",
)
"""The beginnings of the event types that mostly occur in the story of a brief."""
_REASONS_ARE_CODES: Final = (
    "optima.approval.not_opened.",
    "optima.erp.",
    "optima.identity.",
    "optima.trail.",
)
"""The beginnings of event types whose reasons are codes; in all others a reason is a person's own text."""


@pages.get("/trail")
async def show_trail(call: PageCall) -> Answer:
    services = call.session.services
    if number := call.query.get("number", "").strip():
        return await _story_of(call, number)
    if not call.query:
        first = today(call) - _SHOWN_AT_FIRST
        return SeeOther(f"/trail?{urlencode({'from': first})}")
    if (typed := call.query.get("who", "").strip()) and not call.query.get("person"):
        return await _doings_of(call, typed)
    chosen = {name: call.query.get(name, "") for name in _FILTERS}
    brief = services.get("brief", f"/v1/briefs/{chosen['brief']}") if chosen["brief"] else _nothing()
    entries, people, story = await with_parts(
        services.get("trail", "/v1/entries", limit=50, cursor=call.query.get("cursor"), **_selection(chosen)),
        services.get("identity", "/v1/people", limit=LISTED),
        brief,
    )
    names = await _names(services, people, entries["items"], chosen["person"])
    return TemplateAnswer(
        "trail.html",
        {
            "entries": entries,
            "chosen": chosen,
            "query": urlencode({name: value for name, value in chosen.items() if value}),
            "brief": story,
            "names": names,
            "more_people": bool(people) and "next_cursor" in people,
            "nobody": call.query.get("nobody", ""),
            "types": LABELS["event"],
            "areas": LABELS["event_area"],
            "address_of": partial(_address_of, call.session.actor),
            "has_story": lambda entry: entry["type"].startswith(_STORIES),
            "reason_of": _reason_of,
            "not_found": call.query.get("not_found", ""),
        },
    )


def _reason_of(entry: Mapping[str, Any]) -> str | None:
    """Return the reason that a person wrote, if there is one."""
    reason = entry["data"].get("reason")
    return reason if isinstance(reason, str) and not entry["type"].startswith(_REASONS_ARE_CODES) else None


@pages.get("/trail/verification")
async def show_verification(call: PageCall) -> Answer:
    services = call.session.services
    verification, anchors = await with_parts(
        services.get("trail", "/v1/verification"),
        services.get("trail", "/v1/anchors", limit=50, cursor=call.query.get("cursor")),
    )
    return TemplateAnswer("trail_verification.html", {"verification": verification, "anchors": anchors})


@pages.get("/trail/export")
async def export(call: PageCall) -> Answer:
    """Download the whole trail, to verify it or to calculate with it."""
    return await _file(call, "/v1/exports", {"format": call.query.get("format", "jsonl")})


@pages.get("/trail/printout")
async def print_out(call: PageCall) -> Answer:
    """Print the chosen entries as a PDF."""
    chosen = {name: call.query.get(name, "") for name in _FILTERS}
    return await _file(call, "/v1/exports/pdf", _selection(chosen))


async def _file(call: PageCall, path: str, query: Mapping[str, str]) -> Answer:
    file = await call.session.services.stream("trail", path, **query)
    return RawAnswer(file.body, file.media_type, file.disposition)


async def _story_of(call: PageCall, number: str) -> Answer:
    """Lead to the trail of the one brief with this number."""
    found = await call.session.services.get("brief", "/v1/briefs", text=number, limit=2)
    kept = {name: value for name in _FILTERS if (value := call.query.get(name, ""))}
    if len(found["items"]) == 1:
        return SeeOther(f"/trail?{urlencode(kept | {'brief': found['items'][0]['id']})}")
    return SeeOther(f"/trail?{urlencode(kept | {'not_found': number})}")


async def _doings_of(call: PageCall, typed: str) -> Answer:
    """Lead to the entries of the one person with this name or e-mail."""
    kept = {name: value for name in _FILTERS if (value := call.query.get(name, ""))}
    try:
        return SeeOther(f"/trail?{urlencode(kept | {'person': await person_named(call, typed)})}")
    except Refused as refused:
        return SeeOther(f"/trail?{urlencode(kept | {'nobody': refused.detail})}")


async def _nothing() -> None:
    return None


def _selection(chosen: Mapping[str, str]) -> dict[str, str]:
    return {
        "brief": chosen["brief"],
        "person": chosen["person"],
        "type": chosen["type"],
        "occurred_from": day_begins(chosen["from"]),
        "occurred_before": day_begins(chosen["to"], later=1),
    }


async def _names(
    services: AsPerson, people: Mapping[str, Any] | None, entries: Sequence[Mapping[str, Any]], chosen: str
) -> dict[str, str]:
    """Return the names of the people who can be chosen: those in the list of people, and others who acted in
    these entries."""
    listed = {each["id"]: each["name"] for each in (people["items"] if people else [])}
    acted = [each[role] for each in entries for role in ("actor", "on_behalf_of") if role in each]
    names = listed | {person["id"]: person["name"] for person in acted if "name" in person}
    if (
        chosen
        and chosen not in names
        and (person := await part(services.get("identity", f"/v1/people/{chosen}")))
    ):
        names[chosen] = person["name"]
    return names


def _address_of(actor: Actor, entry: Mapping[str, Any]) -> str | None:
    for beginning, address in _LEADS_TO:
        if entry["type"].startswith(beginning):
            return f"{address}/{entry['subject_id']}" if address and leads_to(actor, address) else None
    return None
