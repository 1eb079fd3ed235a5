"""The effects of a decided step of a process, as rows of a form: fields that it sets, people whom it
tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from .amounts import plain_number, typed_number

ENDINGS: Final = ("approved", "rejected")
_WHOLE: Final = "whole:"
_YES: Final = ("yes", "true", "sì", "si", "vero")

Row = tuple[str, ...]


def unfinished_rows(rows: Iterable[Row], needed: Sequence[int]) -> list[Row]:
    """Return the rows in which only some of the needed columns were typed. Nothing is made of them, so a
    refused form shows them again from here. Recipients that no choice can express, whose text was removed,
    are meant to go."""
    return [
        row
        for row in rows
        if any(row[each] and not row[each].startswith(_WHOLE) for each in needed)
        and not all(row[each] for each in needed)
    ]


def whole(document: Any) -> str:
    """Return a part of a process that no choice can express as the value of a choice."""
    return _WHOLE + json.dumps(document, ensure_ascii=False)


def whole_of(value: str) -> Any:
    """Return the approver, or the list of recipients, that `whole` was given; None for any other value."""
    if not value.startswith(_WHOLE):
        return None
    try:
        document = json.loads(value.removeprefix(_WHOLE))
    except ValueError:
        return None
    parts = document if isinstance(document, list) else [document]
    return document if parts and all(isinstance(each, dict) and each for each in parts) else None


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


def notice_rows(
    node: Mapping[str, Any], plainly: Callable[[Any], str | None], language: str, empty: int
) -> list[Row]:
    """Return rows of ending, recipient, delay in hours and text for the step's notices, and `empty` rows for
    more."""
    rows = []
    for notice in node.get("notices", ()):
        told = notice["to"]
        whom = plainly(told[0]) if len(told) == 1 else None
        after = typed_number(str(notice.get("after", "")), language)
        rows.append((notice.get("on", "approved"), whom or whole(told), after, notice["text"]))
    return [*rows, *[("approved", "", "", "")] * empty]


def notices_of(rows: Iterable[Row], named: Callable[[str], Any], language: str) -> list[dict[str, Any]]:
    """Return the notices of the rows. Rows without a recipient or a text are left out."""
    notices = []
    for ending, whom, after, text in rows:
        to = whole_of(whom) or [approver for approver in [named(whom)] if approver]
        if ending in ENDINGS and to and text:
            later = {"after": plain_number(after, language)} if after else {}
            notices.append({"on": ending, "to": to, "text": text, **later})
    return notices
