"""What can be approved: a subject type, declared as data by its fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

Content = Mapping[str, Any]
"""A subject's content as JSON carries it: amounts and quantities are decimal strings, dates ISO 8601."""

LONGEST_TITLE = 200
"""Characters."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
FieldKind = Literal["text", "flag", "whole", "number", "money", "date", "person", "record", "list"]


class FieldType(BaseModel):
    """One field. `record` and `list` name their `fields`; a `person` has id, name, unit, manager, roles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: FieldKind
    optional: bool = False
    """May be absent when the approval opens: a condition guards it then, or an earlier step requires it."""
    privilege: str | None = None
    """Who lacks it sees the field only as an approver of a step that shows it."""
    fields: dict[FieldName, FieldType] = Field(default_factory=dict)
    of: Literal["text", "whole", "number", "money", "person"] | None = None
    """What a list holds, if not records."""

    @model_validator(mode="after")
    def composed_types_name_their_parts(self) -> FieldType:
        if self.type == "record" and not self.fields:
            raise PydanticCustomError("record_without_fields", "A record names its fields")
        if self.type == "list" and bool(self.fields) == (self.of is not None):
            raise PydanticCustomError("list_of_what", "A list names either its fields or what it is of")
        if self.type not in ("record", "list") and (self.fields or self.of is not None):
            raise PydanticCustomError("no_parts", "Only a record or a list has parts")
        return self


PERSON_FIELDS: dict[str, FieldType] = {
    "id": FieldType(type="text"),
    "name": FieldType(type="text"),
    "unit": FieldType(type="text", optional=True),
    "manager": FieldType(type="text", optional=True),
    "roles": FieldType(type="list", of="text"),
}


class SubjectType(BaseModel):
    """The declaration of one kind of subject; conditions read it under the name `key`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: FieldName
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    title: FieldName | None = None
    """The field that names a subject to people."""
    amounts: list[FieldName] = Field(default_factory=list)
    """The fields that say what it costs, the surest first; limits and delegations are measured on it."""
    fields: dict[FieldName, FieldType]

    @model_validator(mode="after")
    def title_and_amounts_are_fields(self) -> SubjectType:
        for name in [*([self.title] if self.title else []), *self.amounts]:
            if name not in self.fields:
                raise PydanticCustomError("not_a_field", "{name} is not one of the fields", {"name": name})
        return self

    def amount(self, content: Content) -> Decimal | None:
        """What the subject costs in euro, by the first amount that is known; None when none is."""
        for name in self.amounts:
            value = content.get(name)
            if value is not None:
                return Decimal(str(value))
        return None

    def title_of(self, content: Content) -> str:
        return str(content.get(self.title) or "") if self.title else ""

    def protected_fields(self) -> dict[str, str]:
        """Top-level fields that need a privilege to be seen, with that privilege."""
        return {name: f.privilege for name, f in self.fields.items() if f.privilege}

    def values(self, content: Content, names: Collection[str]) -> dict[str, Any]:
        """The named fields, where they are there, as typed values (Decimal, date, int …). Raises ValueError
        naming the path of one that is not what it is declared to be."""
        return {
            name: _value(self.fields[name], content[name], name)
            for name in names
            if content.get(name) is not None
        }

    def flaws(self, content: Content) -> Iterator[tuple[str, str]]:
        """Paths of fields that don't fit, each with `missing`, `unknown`, `mistyped` or `title_too_long`."""
        if self.title is not None and len(self.title_of(content)) > LONGEST_TITLE:
            yield self.title, "title_too_long"
        for name in content:
            if name not in self.fields:
                yield name, "unknown"
        for name, field in self.fields.items():
            if content.get(name) is None:
                if not field.optional:
                    yield name, "missing"
                continue
            try:
                _value(field, content[name], name)
            except ValueError as refusal:
                yield str(refusal), "mistyped"


def _record_values(fields: Mapping[str, FieldType], content: Content, path: str) -> dict[str, Any]:
    return {
        name: _value(field, content[name], f"{path}{name}")
        for name, field in fields.items()
        if content.get(name) is not None
    }


def _value(field: FieldType, raw: Any, path: str) -> Any:
    kind = field.type
    if kind in ("text", "flag", "whole", "number", "money", "date"):
        return _scalar(kind, raw, path)
    if kind == "list":
        if not isinstance(raw, list):
            raise ValueError(path)
        if field.of is None:
            return [_item(field.fields, item, f"{path}.{i}.") for i, item in enumerate(raw)]
        if field.of == "person":
            return [_item(PERSON_FIELDS, item, f"{path}.{i}.") for i, item in enumerate(raw)]
        return [_scalar(field.of, item, f"{path}.{i}") for i, item in enumerate(raw)]
    return _item(PERSON_FIELDS if kind == "person" else field.fields, raw, f"{path}.")


def _item(fields: Mapping[str, FieldType], raw: Any, path: str) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise ValueError(path.rstrip("."))
    return _record_values(fields, raw, path)


def _scalar(kind: str, raw: Any, path: str) -> Any:
    try:
        if kind == "text" and isinstance(raw, (str, UUID)):
            return str(raw)
        if kind == "flag" and isinstance(raw, bool):
            return raw
        if kind == "whole" and isinstance(raw, int) and not isinstance(raw, bool):
            return raw
        if kind in ("number", "money") and isinstance(raw, (str, int, Decimal)) and not isinstance(raw, bool):
            number = Decimal(raw)
            if number.is_finite():
                return number
        if kind == "date":
            return raw if isinstance(raw, date) else date.fromisoformat(raw)
    except (InvalidOperation, TypeError, ValueError):
        pass
    raise ValueError(path)
