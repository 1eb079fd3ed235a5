"""The fields of a subject of any type, shown to approvers if the subject has no page of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

_ABOVE: Final = {"requester", "title"}
"""Fields that the head of the page shows."""
_OF_MACHINES: Final = {"sha256", "media_type", "size"}
_AMOUNTS: Final = re.compile(r"(unit_)?price(_before)?|amount(_before)?|increase|budget|(quote_)?total")
"""Recognises fields in euro by name, if the subject's type is not available."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*")
_DECIMAL: Final = re.compile(r"-?\d+\.\d+")

Kind = Literal["text", "flag", "number", "money", "date", "moment", "record", "rows"]


@dataclass(frozen=True, slots=True)
class Fact:
    field: str
    """The field's key, which may have a label; empty for the items of a list."""
    kind: Kind
    value: Any
    """The value; for a record a list of facts, for rows a list of such lists."""


def facts_of(content: Mapping[str, Any], subject: Mapping[str, Any] | None = None) -> list[Fact]:
    """Return the facts in order, without ids, values for machines, and empty values.

    `subject` holds the type's fields, which say which values are amounts.
    """
    fields = subject or {}
    found = (
        _fact(name, value, fields.get(name, {}))
        for name, value in content.items()
        if name not in _ABOVE | _OF_MACHINES
    )
    return [fact for fact in found if fact is not None]


def _fact(name: str, value: Any, field: Mapping[str, Any]) -> Fact | None:
    if value is None or value in ("", [], {}) or _is_id(value):
        return None
    if isinstance(value, Mapping):
        if named := value.get("name") or ("id" in value and value.get("key")):
            return Fact(name, "text", named)  # the value is a person or a unit
        parts = facts_of(value, field.get("fields"))
        return Fact(name, "record", parts) if parts else None
    if isinstance(value, list):
        whole = {"type": field.get("of", "record"), "fields": field.get("fields", {})}
        rows = [row for each in value if (row := _row(each, whole))]
        return Fact(name, "rows", rows) if rows else None
    return Fact(name, _kind(name, value, field.get("type", "")), value)


def _row(value: Any, field: Mapping[str, Any]) -> list[Fact]:
    fact = _fact("", value, field)
    if fact is None:
        return []
    return fact.value if fact.kind == "record" else [fact]


def _kind(name: str, value: Any, declared: str) -> Kind:
    if isinstance(value, bool):
        return "flag"
    text = str(value)
    if declared == "money" or (not declared and _AMOUNTS.fullmatch(name)):
        return "money"
    if (
        declared in ("number", "whole")
        or not isinstance(value, str)
        or (not declared and _DECIMAL.fullmatch(text))
    ):
        return "number"
    if _MOMENT.fullmatch(text):
        return "moment"
    return "date" if _DATE.fullmatch(text) else "text"


def _is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
