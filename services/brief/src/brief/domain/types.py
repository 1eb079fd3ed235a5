"""Types of briefs: the form that authors fill in, and the defaults that a type gives a brief."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from .forms import Form, Kind, Words, form_of

MAX_KINDS = 50


@dataclass(frozen=True, slots=True)
class BriefType:
    """One version of a type. A version never changes; defining the type again adds another version."""

    type_id: UUID
    key: str
    version: int
    name: Words
    schema: Mapping[str, Any]
    """The form's schema as its author wrote it."""
    process: str | None
    """Key of the approval process that the type proposes."""
    kinds: tuple[str, ...]
    """Keys of the kinds of item that the type proposes."""
    purchasing_owner_id: UUID | None
    """The person in purchasing who looks after briefs of this type."""
    offered: bool
    """Whether new briefs may be begun with this type."""
    defined_at: datetime
    defined_by: UUID

    @property
    def form(self) -> Form:
        return form_of(self.schema)


def fields_mean_what_they_do_elsewhere(form: Form, types: Iterable[BriefType]) -> None:
    """A field's key holds the same kind of value in all types of a tenant, so that conditions of processes
    can use it. Raises Violations that name each field whose key holds another kind of value in another
    type."""
    known = {each.key: (each.kind, of.name) for of in types for each in of.form.fields.values()}
    problems: list[Refusal] = [
        Invalid(
            "form_kind_differs",
            field=f"form.properties.{each.key}",
            key=each.key,
            it=known[each.key][1].it,
            en=known[each.key][1].en,
        )
        for each in form.fields.values()
        if each.key in known and _values_of(known[each.key][0]) != _values_of(each.kind)
    ]
    if problems:
        raise Violations(problems)


def _values_of(kind: Kind) -> Kind:
    """Return the kind of value that a field holds. A choice holds a text."""
    return Kind.TEXT if kind is Kind.CHOICE else kind


def may_begin_with(brief_type: BriefType | None) -> BriefType:
    if brief_type is None or not brief_type.offered:
        raise Invalid("brief_type_unknown", field="type")
    return brief_type
