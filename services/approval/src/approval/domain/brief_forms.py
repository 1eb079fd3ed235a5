"""Adds the fields of a tenant's brief forms to the subject type of briefs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .subjects import FieldType, SubjectType

FORM: Final = "form"
"""The field of a brief that holds the answers to its form."""

MOST_CHOSEN: Final = 60
"""The most values that an answer to a multiple-choice question may hold."""

_KINDS: Final[Mapping[str, FieldType]] = {
    "text": FieldType(type="text", optional=True),
    "choice": FieldType(type="text", optional=True),
    "number": FieldType(type="number", optional=True),
    "integer": FieldType(type="whole", optional=True),
    "flag": FieldType(type="flag", optional=True),
    "date": FieldType(type="date", optional=True),
    "choices": FieldType(type="list", of="text", at_most=MOST_CHOSEN, optional=True),
}


def with_forms(brief: SubjectType, forms: Iterable[Mapping[str, str]]) -> SubjectType:
    """Return the subject type of briefs as conditions read it, with the fields of all forms. Each of these
    fields is optional, since a brief has one form at most. A form maps each field's key to the kind of its
    value; if two forms differ about a key, the first counts."""
    fields: dict[str, FieldType] = {}
    for form in forms:
        fields |= {key: _KINDS[kind] for key, kind in form.items() if key not in fields}
    if not fields:
        return brief
    return brief.model_copy(
        update={"fields": {**brief.fields, FORM: FieldType(type="record", fields=fields)}}
    )
