"""What a process does once a step is decided, as rows of a form: fields that it sets, people who are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from .amounts import plain_number, typed_number

ENDINGS: Final = ("approved", "rejected")
_YES: Final = ("yes", "true", "sì", "si", "vero")

Row = tuple[str, ...]


def set_rows(node: Mapping[str, Any], kinds: Mapping[str, str], language: str, empty: int) -> list[Row]:
    """How the step ends, a field, its value; and rows for more."""
    rows = [
        (ending, name, _typed(kinds.get(name, "text"), value, language))
        for ending, values in node.get("sets", {}).items()
        for name, value in values.items()
    ]
    return [*rows, *[("approved", "", "")] * empty]


def sets_of(rows: Iterable[Row], kinds: Mapping[str, str], language: str) -> dict[str, dict[str, Any]]:
    """A row without a field or a value is none."""
    sets: dict[str, dict[str, Any]] = {}
    for ending, name, typed in rows:
        if ending in ENDINGS and name in kinds and typed:
            sets.setdefault(ending, {})[name] = _value(kinds[name], typed, language)
    return sets


def _value(kind: str, typed: str, language: str) -> str | int | bool:
    """What is no number goes on as it was typed, so that the service's refusal shows it."""
    if kind == "flag":
        return typed.casefold() in _YES
    if kind in ("text", "date"):
        return typed
    plain = plain_number(typed, language)
    return int(plain) if kind == "whole" and plain.removeprefix("-").isdecimal() else plain


def _typed(kind: str, value: str | int | bool, language: str) -> str:
    if isinstance(value, bool):
        return ("sì" if language == "it" else "yes") if value else "no"
    return typed_number(str(value), language) if kind in ("number", "money") else str(value)


def notice_rows(node: Mapping[str, Any], plainly: Callable[[Any], str | None], empty: int) -> list[Row]:
    """How the step ends, who is told, how many hours later, what. Who is no plain choice is kept."""
    rows = []
    for index, notice in enumerate(node.get("notices", ())):
        told = notice["to"]
        whom = plainly(told[0]) if len(told) == 1 else None
        after = str(notice.get("after", ""))
        rows.append((notice.get("on", "approved"), whom or f"keep:{index}", after, notice["text"]))
    return [*rows, *[("approved", "", "", "")] * empty]


def notices_of(
    rows: Iterable[Row], node: Mapping[str, Any], named: Callable[[str], Any], language: str
) -> list[dict[str, Any]]:
    """A row without people or words is none."""
    notices, known = [], node.get("notices", ())
    for ending, whom, after, text in rows:
        way, _, index = whom.partition(":")
        if way == "keep":
            to = known[int(index)]["to"] if index.isdecimal() and int(index) < len(known) else None
        else:
            approver = named(whom)
            to = [approver] if approver else None
        if ending in ENDINGS and to and text:
            later = {"after": plain_number(after, language)} if after else {}
            notices.append({"on": ending, "to": to, "text": text, **later})
    return notices
