"""The lookup tables from which documents are written: warehouses, destinations, carriers, document types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, part
from ..fields import ADDRESS, IDENTITY, RECIPIENT, Field, in_fields, new_in_fields, typed
from ..forms import NOTHING_SENT, RefusedForm
from ..labels import N_
from ..rendering import translations_of
from ..suppliers import suppliers_for

pages = Pages()

_EFFECT: Final = (
    Field(
        "direction",
        N_("Direction of the goods"),
        "choice",
        required=True,
        labels="direction",
        codes=("out", "internal", "in"),
    ),
    Field(
        "counterparty",
        N_("Counterparty"),
        "choice",
        required=True,
        labels="counterparty",
        codes=("customer", "supplier", "own_warehouse"),
    ),
    Field("ownership_passes", N_("The goods change their owner"), "flag"),
    Field("to_be_invoiced", N_("An invoice follows"), "flag"),
    Field("closes_order_line", N_("It delivers what was ordered"), "flag"),
)
"""The fields of a document type that can't change once it is stored."""
_DOCUMENT_TYPE: Final = (
    Field("text", N_("Reason of transport, as the document says it"), required=True),
    *_EFFECT,
    Field("return_days", N_("Days until the goods come back"), "whole"),
    Field("series", N_("Series of numbers"), hint=N_("Up to six capital letters and digits")),
    Field("valid_from", N_("Valid from"), "date", hint=N_("Always if left empty")),
    Field("valid_until", N_("Valid until"), "date", hint=N_("Always if left empty")),
)


@dataclass(frozen=True, slots=True)
class Table:
    path: str
    title: str
    new: str
    none_yet: str
    groups: Mapping[str, Sequence[Field]]
    """The fields by the key of the service's answer that contains them; "" is the top level."""
    nested: bool = False
    """Whether fields are sent below the same keys; otherwise all are sent at the top level."""
    for_good: Sequence[Field] = ()
    searched: bool = False


TABLES: Final = {
    "warehouses": Table(
        "/v1/warehouses",
        N_("Warehouses"),
        N_("New warehouse"),
        N_("Goods are received into warehouses and leave from them."),
        {"address": ADDRESS},
    ),
    "destinations": Table(
        "/v1/destinations",
        N_("Destinations"),
        N_("New destination"),
        N_("Goods go to destinations: each is an address, and whose it is."),
        {"recipient": RECIPIENT, "address": ADDRESS},
        nested=True,
        searched=True,
    ),
    "carriers": Table(
        "/v1/carriers",
        N_("Carriers"),
        N_("New carrier"),
        N_("A transport document names the carrier, if there is one."),
        {"identity": IDENTITY},
    ),
    "document-types": Table(
        "/v1/document-types",
        N_("Document types"),
        N_("New document type"),
        N_("A document type says why goods travel, and what follows from it."),
        {"": _DOCUMENT_TYPE},
        for_good=_EFFECT,
    ),
}
_TAKEN: Final = N_("“{code}” is the code of another entry. Choose another code, or change that entry.")
_GROUP_TITLES: Final = {"recipient": N_("Whose it is"), "address": N_("Where it is")}


@pages.get("/tables/{table}")
async def show_table(call: PageCall, table: str) -> Answer:
    kept = TABLES.get(table)
    if kept is None:
        return SeeOther("/settings")
    text = call.query.get("text", "").strip() if kept.searched else ""
    found = await part(
        call.session.services.get(
            "logistics", kept.path, limit=50, text=text, cursor=call.query.get("cursor")
        )
    )
    context = {
        "table": table,
        "kept": kept,
        "tables": TABLES,
        "entries": found,
        "text": text,
    }
    return TemplateAnswer("lookup_table.html", context)


@pages.get("/new-entry/{table}")
async def show_new(call: PageCall, table: str) -> Answer:
    return await _form(call, table, None) if table in TABLES else SeeOther("/settings")


@pages.post("/new-entry/{table}")
async def keep_new(call: PageCall, table: str) -> Answer:
    return await _save(call, table, None, call.text("code")) if table in TABLES else SeeOther("/settings")


@pages.get("/tables/{table}/{code}")
async def show_entry(call: PageCall, table: str, code: str) -> Answer:
    return await _form(call, table, code) if table in TABLES else SeeOther("/settings")


@pages.post("/tables/{table}/{code}")
async def keep(call: PageCall, table: str, code: str) -> Answer:
    return await _save(call, table, code, code) if table in TABLES else SeeOther("/settings")


@pages.post("/destinations/{code}/people")
async def add_person(call: PageCall, code: str) -> Answer:
    return await _change_people(call, "PUT", code, call.text("person_id"))


@pages.post("/destinations/{code}/people/{person_id}/removal")
async def remove_person(call: PageCall, code: str, person_id: str) -> Answer:
    return await _change_people(call, "DELETE", code, person_id)


async def _change_people(call: PageCall, method: str, code: str, person_id: str) -> Answer:
    path = f"/v1/destinations/{quote(code, safe='')}/people/{quote(person_id, safe='') or '-'}"
    try:
        await call.session.services.send("logistics", method, path, {}, key=call.text("once"))
    except Refused as refused:
        return await _form(call, "destinations", code, RefusedForm("people", call.form, refused))
    return SeeOther(f"/tables/destinations/{quote(code, safe='')}")


async def _save(call: PageCall, table: str, known: str | None, code: str) -> Answer:
    kept, services = TABLES[table], call.session.services
    path = f"{kept.path}/{quote(code, safe='') or '-'}"
    body: dict[str, Any] = {}
    for group, asked in kept.groups.items():
        sent = typed(call, _in_group(kept, group, asked))
        values = {each.name: sent[f"{group}-{each.name}"] for each in asked if f"{group}-{each.name}" in sent}
        body |= {group: values} if kept.nested else values
    try:
        if known is None and code and await part(services.get("logistics", path)):
            detail = translations_of(call.language).gettext(_TAKEN).format(code=code)
            raise Refused(409, {"code": "code_taken", "detail": detail})
        await services.send("logistics", "PUT", path, body)
    except Refused as refused:
        return await _form(call, table, known, RefusedForm("entry", call.form, refused))
    return SeeOther(f"/tables/{table}")


def _in_group(kept: Table, group: str, asked: Sequence[Field]) -> Sequence[Field]:
    """Return the group's fields with names that no other group has."""
    return [replace(each, name=f"{group}-{each.name}") for each in asked]


async def _form(call: PageCall, table: str, code: str | None, sent: RefusedForm = NOTHING_SENT) -> Answer:
    kept = TABLES[table]
    entry: Mapping[str, Any] = {}
    if code is not None:
        entry = await call.session.services.get("logistics", f"{kept.path}/{quote(code, safe='')}")
    groups = []
    for group, asked in kept.groups.items():
        held = entry.get(group, {}) if group else entry
        values = in_fields(asked, held, call.language) if entry else new_in_fields(asked)
        given = {f"{group}-{name}": value for name, value in values.items()}
        fixed = [f"{group}-{each.name}" for each in kept.for_good] if entry else []
        shown = _in_group(kept, group, asked)
        groups.append(
            {
                "title": _GROUP_TITLES[group] if kept.nested else "",
                "asked": [each for each in shown if each.name not in fixed],
                "fixed": [each for each in shown if each.name in fixed],
                "given": given,
            }
        )
    may_write = not entry or "rewrite" in entry["actions"]
    people: Any = None
    others: Any = None
    if table == "destinations" and entry:
        path = f"/v1/destinations/{quote(str(code), safe='')}/people"
        people = await part(call.session.services.get("logistics", path))
        named = {each["id"] for each in people["people"]} if people else set()
        if people and may_write:
            others = await part(suppliers_for(call, without=named, who="phase.work"))
    context = {
        "table": table,
        "kept": kept,
        "code": code,
        "people": people,
        "others": others,
        "groups": groups,
        "may_write": may_write,
        "sent": sent,
    }
    return TemplateAnswer("lookup_entry.html", context, sent.status)
