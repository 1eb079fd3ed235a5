"""Technical sheets: which details a kind of item asks for, and which a job has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from optima_kit.refusals import Invalid, Refusal, Violations

MAX_FIELDS: Final = 40
MAX_CHOICES: Final = 40

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,4})?")


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class SheetField:
    """A detail of how a kind's work is to be done: its format, paper, colours."""

    key: str
    name: str
    type: FieldType = FieldType.TEXT
    unit: str | None = None
    """The unit of a number."""
    choices: tuple[str, ...] = ()
    """The values of a choice, in the order in which they are offered."""
    required: bool = False
    """Whether a job's economics can be set only if this is filled in."""


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A detail of a job. It keeps the field's name, so that it can be read even if the kind changes."""

    key: str
    name: str
    value: str
    type: FieldType = FieldType.TEXT
    unit: str | None = None


def fields_are_distinct(fields: tuple[SheetField, ...]) -> None:
    seen: set[str] = set()
    for n, each in enumerate(fields):
        if each.key in seen:
            raise Invalid("sheet_key_repeated", field=f"sheet[{n}].key", key=each.key)
        seen.add(each.key)


def choices_are_of_choices(fields: tuple[SheetField, ...]) -> None:
    for n, each in enumerate(fields):
        distinct = len(set(each.choices)) == len(each.choices)
        if (each.type is FieldType.CHOICE) != bool(each.choices) or not distinct:
            raise Invalid("sheet_choices_wrong", field=f"sheet[{n}].choices", name=each.name)


def filled_in(fields: tuple[SheetField, ...], given: Mapping[str, str]) -> tuple[SheetEntry, ...]:
    """Return a job's sheet in the order of the kind's fields, without empty ones. Raises Violations that name
    each field that is wrong, missing or unknown to the kind."""
    known = {each.key for each in fields}
    problems: list[Refusal] = [
        Invalid("sheet_field_unknown", field=f"sheet.{key}", key=key) for key in given if key not in known
    ]
    entries = []
    for each in fields:
        value = given.get(each.key, "").strip()
        try:
            if value:
                entries.append(SheetEntry(each.key, each.name, _read(each, value), each.type, each.unit))
            elif each.required:
                raise Invalid("sheet_entry_missing", field=f"sheet.{each.key}", name=each.name)
        except Refusal as problem:
            problems.append(problem)
    if problems:
        raise Violations(problems)
    return tuple(entries)


def _read(asked: SheetField, value: str) -> str:
    where, name = f"sheet.{asked.key}", asked.name
    match asked.type:
        case FieldType.NUMBER:
            if not _NUMBER.fullmatch(value):
                raise Invalid("sheet_entry_not_a_number", field=where, name=name)
            return f"{Decimal(value).normalize():f}"
        case FieldType.CHOICE if value not in asked.choices:
            offered = ", ".join(asked.choices)
            raise Invalid("sheet_entry_not_a_choice", field=where, name=name, choices=offered)
    return value
