"""The short pages of a brief's draft: which pages there are, and which part of the content each changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from optima_kit.http.html import PageCall

from .amounts import plain_number, typed_number
from .answers import answers_typed
from .labels import N_
from .places import deliveries_typed

WHAT: Final = ("title", "category", "purpose", "budget", "customer", "cost_centre")
_ROW: Final = ("item_id", "kind", "description", "quantity", "unit")


@dataclass(frozen=True, slots=True)
class DraftPage:
    address: str
    """The page's address below the draft's; empty for the first page."""
    title: str
    """In English; the template translates it."""
    words: Mapping[str, str] | None = None
    """The title in both languages, if the brief's type gives one."""
    form: Mapping[str, Any] | None = None
    """The type's questions that are on this page."""


def pages_of(brief_type: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> list[DraftPage]:
    """Return the pages in order. Each section of the type's form has a page, unless it asks nothing."""
    return [
        DraftPage("", N_("What")),
        *_questions(brief_type, answers),
        DraftPage("items", N_("Items")),
        DraftPage("delivery", N_("Where and when")),
        DraftPage("files", N_("Files")),
        DraftPage("check", N_("Check and submit")),
    ]


def _questions(brief_type: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> Iterator[DraftPage]:
    if not brief_type:
        return
    form = brief_type["form"]
    sections = [{"key": None, "label": brief_type["name"]}, *form.get("x-sections", ())]
    for number, section in enumerate(sections):
        own = {
            key: field
            for key, field in form["properties"].items()
            if field.get("x-section") == section["key"]
        }
        asked: dict[str, Mapping[str, Any]] = {}
        for key, field in own.items():
            when = field.get("x-when")
            if when is None or when["field"] in asked or (when["field"] not in own and _holds(when, answers)):
                asked[key] = {word: said for word, said in field.items() if not _is_settled(word, said, own)}
        if asked:
            shown = {"properties": asked, "required": form.get("required", [])}
            yield DraftPage(f"answers/{number}", "", section["label"], shown)


def _is_settled(word: str, said: Any, own: Mapping[str, Any]) -> bool:
    """Tell whether a keyword of the form can be dropped: the page already is the section, and a condition on
    an answer of another page is already decided."""
    return word == "x-section" or (word == "x-when" and said["field"] not in own)


def _holds(when: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    given = answers.get(when["field"])
    return when["equals"] in given if isinstance(given, list) else given == when["equals"]


def asked_on(page: DraftPage, answers: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], bool]]:
    """Return key, field and whether an answer is required, for those questions of the page whose conditions
    the answers meet."""
    form = page.form or {"properties": {}, "required": []}
    return [
        (key, field, key in form["required"])
        for key, field in form["properties"].items()
        if "x-when" not in field or _holds(field["x-when"], answers)
    ]


def content_of(brief: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole content of a draft, in the form that the brief service expects, from the service's own
    answer."""
    content = {name: brief[name] for name in (*WHAT, "deadline") if brief.get(name)}
    content["form"] = brief["form"]
    content["items"] = [
        {
            **{name: item[name] for name in _ROW},
            "deliveries": [
                {"destination": each["destination"], "quantity": each["quantity"]}
                for each in item.get("deliveries", ())
            ],
        }
        for item in brief["items"]
    ]
    return content


def what_typed(call: PageCall) -> dict[str, Any]:
    """Return the fields of the first page into which something was typed."""
    given = {name: call.text(name) for name in WHAT if call.text(name)}
    if "budget" in given:
        given["budget"] = plain_number(given["budget"], call.language)
    return given


def changed(content: Mapping[str, Any], page: DraftPage, call: PageCall) -> dict[str, Any]:
    """Return the content with the values of one page replaced by what was typed there."""
    if page.form:
        own = page.form["properties"]
        kept = {key: value for key, value in content["form"].items() if key not in own}
        return {**content, "form": kept | answers_typed(call, own)}
    match page.address:
        case "":
            return {**{key: each for key, each in content.items() if key not in WHAT}, **what_typed(call)}
        case "items":
            return {**content, "items": _items(call, content["items"])}
        case "delivery":
            return _delivery(call, content)
    return dict(content)


def rows_typed(call: PageCall) -> list[dict[str, str]]:
    """Return the rows of the items' form into which something was typed, as it was typed."""
    count = len(call.form.getall("kind", []))
    columns = {name: [*call.form.getall(name, []), *[""] * count] for name in _ROW}
    rows = [{name: columns[name][row] for name in _ROW} for row in range(count)]
    return [row for row in rows if row["kind"] or row["description"] or row["quantity"]]


def rows_of(items: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, str]]:
    """Return items as a person would type them."""
    return [
        {**{name: item[name] for name in _ROW}, "quantity": typed_number(item["quantity"], language)}
        for item in items
    ]


def deliveries_shown(item: Mapping[str, Any], language: str) -> str:
    """Return an item's destinations as a person would type them."""
    return "\n".join(
        f"{each['destination']}: {typed_number(each['quantity'], language)}"
        for each in item.get("deliveries", ())
    )


def _items(call: PageCall, known: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the typed items. Each keeps its destinations, which are edited on another page."""
    deliveries = {item["item_id"]: item["deliveries"] for item in known}
    return [
        {
            **({"item_id": row["item_id"]} if row["item_id"] else {}),
            "kind": row["kind"],
            "description": row["description"],
            "quantity": plain_number(row["quantity"], call.language),
            "unit": row["unit"] or "pz",
            "deliveries": deliveries.get(row["item_id"], []),
        }
        for row in rows_typed(call)
    ]


def _delivery(call: PageCall, content: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: each for key, each in content.items() if key != "deadline"}
    if call.text("deadline"):
        rest["deadline"] = call.text("deadline")
    items = [
        {
            **item,
            "deliveries": deliveries_typed(call.text(f"deliveries-{item['item_id']}"), call.language),
        }
        for item in content["items"]
    ]
    return {**rest, "items": items}
