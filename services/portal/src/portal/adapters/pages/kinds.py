"""Kinds of item: the phases of their work, how long each takes, and which phase follows which."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number, typed_number
from ..client import Refused, part
from ..forms import filled

pages = Pages()

_SPARE_ROWS: Final = 2
_COLUMNS: Final = ("key", "name", "after", "days", "daily_quantity", "unit", "factor")
_FLAGS: Final = ("quality_check", "skippable", "starts_on_parts", "needs_proof")
_NUMBERS: Final = ("daily_quantity", "factor")
_SHEET_COLUMNS: Final = ("sheet_key", "sheet_name", "sheet_type", "sheet_unit", "sheet_choices")


@pages.get("/production/kinds")
async def show_kinds(call: PageCall) -> Answer:
    cursor = call.query.get("cursor")
    found = await part(call.session.services.get("production", "/v1/kinds", limit=50, cursor=cursor))
    return TemplateAnswer("kinds.html", {"kinds": found})


@pages.get("/new-kind")
async def show_new(call: PageCall) -> Answer:
    return _form("", {"kind_name": "", "tolerance_percent": "10", "version": "", "new_key": ""}, [], [])


@pages.post("/new-kind")
async def define_new(call: PageCall) -> Answer:
    return await _define(call, "")


@pages.get("/production/kinds/{key}")
async def show_kind(call: PageCall, key: str) -> Answer:
    kind = await call.session.services.get("production", _address(key))
    given = {
        "kind_name": kind["name"],
        "tolerance_percent": typed_number(kind["tolerance_percent"], call.language),
        "version": str(kind["version"]),
        "new_key": "",
    }
    phases, sheet = _as_typed(kind["phases"], call.language), _sheet_as_typed(kind.get("sheet", []))
    return _form(key, given, phases, sheet, may_define="replace" in kind["actions"])


@pages.post("/production/kinds/{key}")
async def define(call: PageCall, key: str) -> Answer:
    return await _define(call, key)


async def _define(call: PageCall, key: str) -> Answer:
    given = {name: call.text(name) for name in ("kind_name", "tolerance_percent", "version", "new_key")}
    rows, sheet = _rows(call), _sheet_rows(call)
    if call.text("more"):
        return _form(key, given, rows, sheet)
    body = {
        **filled(name=given["kind_name"]),
        "tolerance_percent": plain_number(given["tolerance_percent"], call.language),
        "phases": _phases(rows, call.language),
        "sheet": _sheet(sheet),
    }
    path = _address(key or given["new_key"])
    try:
        await call.session.services.send("production", "PUT", path, body, version=given["version"])
    except Refused as refused:
        return _form(key, given, rows, sheet, refused=refused)
    return SeeOther("/production/kinds")


def _address(key: str) -> str:
    return f"/v1/kinds/{quote(key, safe='') or '-'}"


def _rows(call: PageCall) -> list[dict[str, Any]]:
    """Return the typed rows in order. A flag's values are the numbers of the rows in which it is set, from
    1."""
    columns = [call.form.getall(name, []) for name in _COLUMNS]
    rows: list[dict[str, Any]] = [
        dict(zip(_COLUMNS, map(str, row), strict=True)) for row in zip(*columns, strict=True)
    ]
    for number, row in enumerate(rows, start=1):
        for flag in _FLAGS:
            row[flag] = str(number) in call.form.getall(flag, [])
    while rows and not rows[-1]["name"]:
        rows.pop()
    return rows


def _as_typed(phases: Sequence[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    numbers = {phase["key"]: str(number) for number, phase in enumerate(phases, start=1)}
    return [
        {
            **phase,
            "after": ", ".join(numbers[key] for key in phase["after"]),
            "unit": phase.get("unit", ""),
            "factor": typed_number(phase["factor"], language),
            "daily_quantity": typed_number(phase.get("daily_quantity", ""), language),
        }
        for phase in phases
    ]


def _phases(rows: Sequence[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """Return the phases as the service expects them. A row without a name is left out, and no phase follows
    it."""
    keys = _keys(rows)
    phases = []
    for number, row in enumerate(rows, start=1):
        if number not in keys:
            continue
        numbers = {name: plain_number(row[name], language) for name in _NUMBERS if row[name]}
        days = {"days": int(row["days"])} if row["days"].isdecimal() else filled(days=row["days"])
        after = [keys.get(int(each), "") for each in re.findall(r"\d+", row["after"])]
        phases.append(
            {
                "key": keys[number],
                "name": row["name"],
                "after": list(dict.fromkeys(key for key in after if key)),
                **{flag: row[flag] for flag in _FLAGS},
                **filled(unit=row["unit"]),
                **numbers,
                **days,
            }
        )
    return phases


def _sheet_rows(call: PageCall) -> list[dict[str, Any]]:
    """Return the typed rows. The flag's values are the numbers of the rows in which it is set, from 1."""
    columns = [call.form.getall(name, []) for name in _SHEET_COLUMNS]
    rows: list[dict[str, Any]] = [
        dict(zip(_SHEET_COLUMNS, map(str, row), strict=True)) for row in zip(*columns, strict=True)
    ]
    for number, row in enumerate(rows, start=1):
        row["sheet_required"] = str(number) in call.form.getall("sheet_required", [])
    return [row for row in rows if row["sheet_name"]]


def _sheet_as_typed(sheet: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "sheet_key": field["key"],
            "sheet_name": field["name"],
            "sheet_type": field["type"],
            "sheet_unit": field.get("unit", ""),
            "sheet_choices": "\n".join(field["choices"]),
            "sheet_required": field["required"],
        }
        for field in sheet
    ]


def _sheet(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields as the service expects them. The key of a new field is made from its name."""
    keys = _keys([{"key": row["sheet_key"], "name": row["sheet_name"]} for row in rows])
    return [
        {
            "key": keys[number],
            "name": row["sheet_name"],
            **filled(type=row["sheet_type"], unit=row["sheet_unit"]),
            "choices": [each.strip() for each in row["sheet_choices"].splitlines() if each.strip()],
            "required": row["sheet_required"],
        }
        for number, row in enumerate(rows, start=1)
    ]


def _keys(rows: Sequence[dict[str, Any]]) -> dict[int, str]:
    """Return the keys of the rows with a name, by row number: the row's own key or, if it is new, one made
    from its name."""
    keys: dict[int, str] = {}
    for number, row in enumerate(rows, start=1):
        if not row["name"]:
            continue
        plain = unicodedata.normalize("NFKD", row["name"]).encode("ascii", "ignore").decode().lower()
        key = row["key"] or re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48] or f"fase-{number}"
        taken = {*keys.values(), *(each["key"] for each in rows[number:])}
        keys[number] = key if key not in taken or row["key"] else f"{key}-{number}"
    return keys


def _form(
    key: str,
    given: dict[str, str],
    rows: list[dict[str, Any]],
    sheet: list[dict[str, Any]],
    *,
    may_define: bool = True,
    refused: Refused | None = None,
) -> Answer:
    empty: dict[str, Any] = {**dict.fromkeys(_COLUMNS, ""), **dict.fromkeys(_FLAGS, False)}
    spare = [empty] * _SPARE_ROWS if may_define else []
    empty_field: dict[str, Any] = {**dict.fromkeys(_SHEET_COLUMNS, ""), "sheet_required": False}
    spare_fields = [empty_field] * _SPARE_ROWS if may_define else []
    context = {
        "key": key,
        "given": given,
        "rows": [*rows, *spare],
        "sheet": [*sheet, *spare_fields],
        "may_define": may_define,
        "refused": refused,
    }
    return TemplateAnswer("kind_form.html", context, refused.status if refused else 200)
