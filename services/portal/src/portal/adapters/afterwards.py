"""The effects of a decided step of a process, as rows of a form: fields that it sets, people whom it
tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from .amounts import plain_number, typed_number

ENDINGS: Final = ("approved", "rejected")
_YES: Final = ("yes", "true", "sì", "si", "vero")

Row = tuple[str, ...]


def unfinished_rows(rows: Iterable[Row], needed: Sequence[int]) -> list[Row]:
    """Return the rows in which only some of the needed columns were typed. Nothing is made of them, so a
    refused form shows them again from here. A recipient kept by its index, whose text was removed, is meant
    to go."""
    return [
        row
        for row in rows
        if any(row[each] and not row[each].startswith("keep:") for each in needed)
        and not all(row[each] for each in needed)
    ]


def set_rows(node: Mapping[str, Any], kinds: Mapping[str, str], language: str, empty: int) -> list[Row]:
    """Return rows of ending, field and value for the fields that the step sets, and `empty` rows for more."""
    rows = [
        (ending, name, _typed(kinds.get(name, "text"), value, language))
        for ending, values in node.get("sets", {}).items()
        for name, value in values.items()
    ]
    return [*rows, *[("approved", "", "")] * empty]


def sets_of(rows: Iterable[Row], kinds: Mapping[str, str], language: str) -> dict[str, dict[str, Any]]:
    """Return the fields to set, by ending. Rows without a field or a value are left out."""
    sets: dict[str, dict[str, Any]] = {}
    for ending, name, typed in rows:
        if ending in ENDINGS and name in kinds and typed:
            sets.setdefault(ending, {})[name] = _value(kinds[name], typed, language)
    return sets


def _value(kind: str, typed: str, language: str) -> str | int | bool:
    """Convert a typed value. Text that is not a number is passed on unchanged, so that the service's refusal
    shows it."""
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
    """Return rows of ending, recipient, delay in hours and text for the step's notices, and `empty` rows for
    more. A recipient that the list of choices can't express is kept by its index."""
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
    """Return the notices of the rows. Rows without a recipient or a text are left out."""
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
