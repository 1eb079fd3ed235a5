"""A type of brief and its form, field by field: written, looked at as a brief shows it, published."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..choosing import people_of, person_named
from ..client import LISTED, Refused, part
from ..forms import filled
from ..labels import N_
from ..type_rows import (
    FIELD_TEXTS,
    KINDS,
    SECTION_TEXTS,
    Row,
    conditions_of,
    flaws_by_row,
    form_of_rows,
    rows_of,
    with_keys,
)
from .brief_types import address_of_type

pages = Pages()

_SPARE_SECTIONS: Final = 1
_SPARE_FIELDS: Final = 1
_SETTINGS: Final = ("name_it", "name_en", "process", "purchasing_owner_id", "new_key", "version")
_NEW: Final[Mapping[str, Any]] = {**dict.fromkeys(_SETTINGS, ""), "kinds": [], "offered": True}
_NO_FORM: Final[Mapping[str, Any]] = {"properties": {}}
_YES_NO: Final = {"yes": N_("yes"), "no": N_("no")}


@pages.get("/new-brief-type")
async def show_new(call: PageCall) -> Answer:
    return await _page(call, "", _NEW, [], [])


@pages.post("/new-brief-type")
async def define_new(call: PageCall) -> Answer:
    return await _done(call, "")


@pages.get("/brief-types/{key}")
async def show_type(call: PageCall, key: str) -> Answer:
    found = await call.session.services.get("brief", _address(key))
    given = {
        "name_it": found["name"]["it"],
        "name_en": found["name"]["en"],
        "process": found.get("process", ""),
        "purchasing_owner_id": found.get("purchasing_owner", {}).get("id", ""),
        "kinds": found["kinds"],
        "offered": found["offered"],
        "version": str(found["version"]),
        "new_key": "",
    }
    return await _page(call, key, given, *rows_of(found["form"], call.language), found=found)


@pages.post("/brief-types/{key}")
async def define(call: PageCall, key: str) -> Answer:
    return await _done(call, key)


async def _done(call: PageCall, key: str) -> Answer:
    given: dict[str, Any] = {name: call.text(name) for name in _SETTINGS}
    given |= {"kinds": call.form.getall("kinds", []), "offered": bool(call.text("offered"))}
    sections = with_keys(_rows(call, SECTION_TEXTS), "section_key", "section_it", "section_en")
    fields = with_keys(_rows(call, FIELD_TEXTS), "key", "label_it", "label_en")
    for number, row in enumerate(fields, start=1):
        row["required"] = str(number) in call.form.getall("required", [])
    found = await call.session.services.get("brief", _address(key)) if key else None
    if asked := call.text("do"):
        _moved(fields, asked)
        return await _page(call, key, given, sections, fields, found=found)
    fields = [row for row in fields if row["label_it"] or row["label_en"]]
    form = form_of_rows(sections, fields, found["form"] if found else _NO_FORM, call.language)
    try:
        owner = await person_named(call, given["purchasing_owner_id"])
        body = {
            "name": {"it": given["name_it"], "en": given["name_en"]},
            "kinds": given["kinds"],
            "offered": given["offered"],
            "form": form,
            **filled(process=given["process"], purchasing_owner_id=owner),
        }
        path = address_of_type(call, key or given["new_key"])
        await call.session.services.send("brief", "PUT", path, body, version=given["version"])
    except Refused as refused:
        return await _page(call, key, given, sections, fields, found=found, refused=refused)
    return SeeOther("/brief-types")


def _address(key: str) -> str:
    return f"/v1/brief-types/{quote(key, safe='') or '-'}"


def _rows(call: PageCall, names: Sequence[str]) -> list[Row]:
    """Return the typed rows in order."""
    columns = [call.form.getall(name, []) for name in names]
    return [
        {name: str(value).strip() for name, value in zip(names, row, strict=True)}
        for row in zip(*columns, strict=False)
    ]


def _moved(fields: list[Row], asked: str) -> None:
    """Move a field: `up-3` puts the third before the second, `down-3` after the fourth. Any other text moves
    none."""
    way, _, number = asked.partition("-")
    if way in ("up", "down") and number.isdecimal():
        first = int(number) - (2 if way == "up" else 1)
        if 0 <= first < len(fields) - 1:
            fields[first], fields[first + 1] = fields[first + 1], fields[first]


async def _page(
    call: PageCall,
    key: str,
    given: Mapping[str, Any],
    sections: list[Row],
    fields: list[Row],
    *,
    found: Mapping[str, Any] | None = None,
    refused: Refused | None = None,
) -> Answer:
    services = call.session.services
    may_define = found is None or "define" in found["actions"]
    processes, kinds, people = await asyncio.gather(
        part(services.every("approval", "/v1/processes")),
        part(services.every("production", "/v1/kinds")),
        part(services.get("identity", "/v1/people", limit=LISTED)),
    )
    sections = [row for row in sections if row["section_key"]]
    fields = [row for row in fields if row["key"]]
    form = form_of_rows(sections, fields, found["form"] if found else _NO_FORM, call.language)
    flawed_sections, flawed_fields = flaws_by_row(refused.errors, form) if refused else ({}, {})
    spare = 1 if may_define else 0
    empty_field = {**dict.fromkeys(FIELD_TEXTS, ""), "kind": "text", "required": False}
    named_kinds = {each["key"]: each["name"] for each in (kinds["items"] if kinds else ())}
    named_processes = {each["key"]: each["name"] for each in (processes["items"] if processes else ())}
    kept = {code: code for code in (given["process"],) if code}
    context = {
        "key": key,
        "given": given,
        "may_define": may_define,
        "sections": [*sections, *[dict.fromkeys(SECTION_TEXTS, "")] * _SPARE_SECTIONS * spare],
        "fields": [*fields, *[empty_field] * _SPARE_FIELDS * spare],
        "written": len(fields),
        "kinds_of_field": KINDS,
        "conditions": conditions_of(form, call.language),
        "yes_no": _YES_NO,
        "form": form,
        "processes": list({**kept, **named_processes}.items()),
        "kinds": list({**{code: code for code in given["kinds"]}, **named_kinds}.items()),
        "people": people_of(people),
        "flawed_sections": flawed_sections,
        "flawed_fields": flawed_fields,
        "refused": refused,
    }
    return TemplateAnswer("brief_type_form.html", context, refused.status if refused else 200)
