"""What the forms of a tenant's types of briefs add to the declaration of a brief."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .subjects import FieldType, SubjectType

FORM: Final = "form"
"""The field of a brief that holds the answers."""

MOST_CHOSEN: Final = 60
"""Of a form's choices."""

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
    """A brief as conditions read it: each field of each form may be absent, since a brief is of one type at
    most. `forms`: by key, the kind of value. Where two differ about a key, the first counts."""
    fields: dict[str, FieldType] = {}
    for form in forms:
        fields |= {key: _KINDS[kind] for key, kind in form.items() if key not in fields}
    if not fields:
        return brief
    return brief.model_copy(
        update={"fields": {**brief.fields, FORM: FieldType(type="record", fields=fields)}}
    )
