"""The company's units and their hierarchy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..choosing import people_of, person_named
from ..client import LISTED, Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()


@pages.get("/units")
async def show_units(call: PageCall) -> Answer:
    units = await call.session.services.every("identity", "/v1/units")
    context = {
        "tree": list(in_order_of_their_tree(units["items"])),
        "units": units,
    }
    return TemplateAnswer("units.html", context)


@pages.get("/new-unit")
async def show_new(call: PageCall) -> Answer:
    return await _form(call, None)


@pages.post("/new-unit")
async def define(call: PageCall) -> Answer:
    return await _save(call, None, call.text("key"))


@pages.get("/units/{key}")
async def show_unit(call: PageCall, key: str) -> Answer:
    return await _form(call, key)


@pages.post("/units/{key}")
async def change(call: PageCall, key: str) -> Answer:
    return await _save(call, key, key)


def in_order_of_their_tree(units: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each unit with its depth, below its parent; siblings come by name. A unit whose parent is not in
    the list is at the top."""
    known = {each["id"] for each in units}
    beneath: defaultdict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for each in units:
        parent = _id_of(each, "parent")
        beneath[parent if parent in known else None].append(each)

    def below(parent: Any, depth: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for unit in sorted(beneath[parent], key=lambda each: str(each["name"])):
            yield depth, unit
            yield from below(unit["id"], depth + 1)

    yield from below(None, 0)


async def _save(call: PageCall, known: str | None, key: str) -> Answer:
    given = {name: call.text(name) for name in ("name", "parent", "manager")}
    try:
        manager = await person_named(call, given["manager"])
        body = {name: value or None for name, value in (given | {"manager": manager}).items()}
        await call.session.services.send(
            "identity", "PUT", f"/v1/units/{quote(key, safe='') or '-'}", body, version=call.text("version")
        )
    except Refused as refused:
        return await _form(call, known, RefusedForm("unit", {**given, "key": key}, refused))
    return SeeOther("/units")


async def _form(call: PageCall, key: str | None, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    found, listed = await with_parts(
        services.every("identity", "/v1/units"), services.get("identity", "/v1/people", limit=LISTED)
    )
    people = people_of(listed, keep=lambda person: person["kind"] == "internal")
    units = found["items"]
    unit = next((each for each in units if each["key"] == key), None)
    if key is not None and (unit is None or "redefine" not in unit["actions"]):
        return SeeOther("/units")
    context = {
        "unit": unit or {"name": ""},
        "key": key,
        "parent": next((each["key"] for each in units if each["id"] == _id_of(unit, "parent")), ""),
        "manager": ((unit or {}).get("manager") or {}).get("name" if people and people.more else "id", ""),
        "parents": [(each["key"], each["name"]) for each in units if each["key"] != key],
        "people": people,
        "sent": sent,
    }
    return TemplateAnswer("unit_form.html", context, sent.status)


def _id_of(unit: Mapping[str, Any] | None, part: str) -> str | None:
    found: str | None = ((unit or {}).get(part) or {}).get("id")
    return found
