"""Subject types: what can be approved, declared as data by its fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from optima_kit.refusals import Invalid

from .directory import Directory
from .turns import Work, finished
from .values import Flag, Whole, value

Content = Mapping[str, Any]
"""A subject's content as JSON carries it: amounts and quantities are decimal strings, dates ISO 8601."""


@value
class DatedContent:
    """A content together with the day, in the tenant's time zone, on which it was submitted or last amended.
    Conditions read that day as `today`, so that a condition always gives the same result for it."""

    content: Content
    today: date | None
    """None if the day is not known, because the approval opened before conditions could read it."""


BESIDE: Final = {"brief": {"budget": "budget_figures"}}
"""Further names, besides the subject type's key, under which conditions read a record of the subject: by
subject type, the field of each name."""

ENTER_BY_EVENT: Final = frozenset({"brief", "proof", "order_amendment"})
"""Subject types that another service freezes and submits by an event. They can't be submitted through the
API."""

LONGEST_TITLE: Final = 200
"""In characters."""
LONGEST_TEXT: Final = 10_000
MOST_VALUES: Final = 20_000
"""The most values in one subject. Values in rows and records are counted one by one."""
MOST_ROWS: Final = 200
"""The most rows of a list whose declaration does not say another number."""

_LITERAL: Final = re.compile("false|in|null|true")
_WORD: Final = re.compile(
    "as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while"
)
"""The reserved words of CEL, which a subject type's key can't be."""
_DAY: Final = "today"
"""The name of the day in conditions. A subject type with this key would hide the day from them."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
FieldKind = Literal["text", "flag", "whole", "number", "money", "date", "person", "unit", "record", "list"]


class FieldType(BaseModel):
    """The declaration of one field. A `record` or `list` declares its own `fields`. A `person` is submitted
    as an id or e-mail address and a `unit` as a key; what else conditions read about them comes from the
    directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: FieldKind
    optional: Flag = False
    """Whether the field may be absent when the approval opens. A condition may then read it only if it checks
    `has(…)` first or an earlier step requires the field. All other fields have a value, in each record and
    row too."""
    privilege: str | None = None
    """The privilege that is needed to see the field. Without it, only approvers of a step that shows the
    field see it."""
    fields: dict[FieldName, FieldType] = Field(default_factory=dict)
    of: Literal["text", "whole", "number", "money", "person", "unit"] | None = None
    """The kind of a list's items, if they are not records."""
    at_most: Annotated[Whole, Field(ge=1, le=2000)] = MOST_ROWS
    """The most rows that a list may have."""

    @model_validator(mode="after")
    def composed_types_name_their_parts(self) -> FieldType:
        if self.type == "record" and not self.fields:
            raise PydanticCustomError("record_without_fields", "A record names its fields")
        if self.type == "list" and bool(self.fields) == (self.of is not None):
            raise PydanticCustomError("list_of_what", "A list names either its fields or what it is of")
        if self.type not in ("record", "list") and (self.fields or self.of is not None):
            raise PydanticCustomError("node_without_parts", "Only a record or a list has parts")
        return self

    @property
    def needs_nothing(self) -> bool:
        """Whether this is a record that need not be given, since all of its fields may be absent."""
        return (
            self.type == "record"
            and not self.optional
            and all(part.optional or part.needs_nothing for part in self.fields.values())
        )

    @property
    def parts(self) -> Mapping[str, FieldType]:
        """The fields of a record, of each row of a list, or of a person or unit in the directory."""
        kind = self.of if self.type == "list" and self.of else self.type
        return PERSON_FIELDS if kind == "person" else UNIT_FIELDS if kind == "unit" else self.fields


PERSON_FIELDS: dict[str, FieldType] = {
    "id": FieldType(type="text"),
    "name": FieldType(type="text"),
    "unit": FieldType(type="text", optional=True),
    "manager": FieldType(type="text", optional=True),
    "roles": FieldType(type="list", of="text", at_most=50),
}
UNIT_FIELDS: dict[str, FieldType] = {
    "id": FieldType(type="text"),
    "key": FieldType(type="text"),
    "parent": FieldType(type="text", optional=True),
    "manager": FieldType(type="text", optional=True),
}


class SubjectType(BaseModel):
    """The declaration of one kind of subject. Conditions read a subject under the name `key`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: FieldName
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    title: FieldName | None = None
    """The field by which people recognise a subject."""
    number: FieldName | None = None
    """The field with the subject's number in its own service. Inboxes show it."""
    deadline: FieldName | None = None
    """The field with the subject's deadline. Inboxes show it."""
    amounts: list[FieldName] = Field(default_factory=list)
    """The fields that say what the subject costs, the most certain first. Limits of roles and delegations
    apply to the first one that is known."""
    fields: dict[FieldName, FieldType]

    @property
    def beside(self) -> Mapping[str, str]:
        """The fields that conditions also read under a name of their own, by that name."""
        named = BESIDE.get(self.key, {})
        return {name: field for name, field in named.items() if field in self.fields}

    @model_validator(mode="after")
    def title_and_amounts_are_fields(self) -> SubjectType:
        named = (self.title, self.number, self.deadline, *self.amounts)
        for name in filter(None, named):
            if name not in self.fields:
                raise PydanticCustomError(
                    "field_not_declared", "{name} is not one of the fields", {"name": name}
                )
        return self

    def declaration_flaws(self, *, declared_before: bool = False) -> Iterator[Invalid]:
        """Yield what has to be corrected in the declaration before it can be stored. A type that was
        `declared_before` keeps its key, even one that is no longer allowed."""
        for index, name in enumerate(self.amounts):
            if self.fields[name].type not in ("money", "number"):
                yield Invalid("amount_not_a_number", field=f"amounts[{index}]", name=name)
        for place, named, kind in (
            ("title", self.title, "text"),
            ("number", self.number, "text"),
            ("deadline", self.deadline, "date"),
        ):
            if named is not None and self.fields[named].type != kind:
                yield Invalid("named_field_of_type", field=place, name=named, kind=kind)
        if "requester" in self.fields and self.fields["requester"].type != "person":
            yield Invalid("requester_not_a_person", field="fields.requester.type")
        hides_the_day = self.key == _DAY and not declared_before
        if _LITERAL.fullmatch(self.key) or _WORD.fullmatch(self.key) or hides_the_day:
            yield Invalid("name_of_conditions", field="key", name=self.key)
        for path in _paths(self.fields, "fields"):
            if _LITERAL.fullmatch(name := path.rpartition(".")[2]):
                yield Invalid("name_of_conditions", field=path, name=name)

    def amount(self, content: Content) -> Decimal | None:
        """Return what the subject costs in euro: the first amount that is known, or None if none is."""
        for name in self.amounts:
            value = content.get(name)
            if value is not None:
                return Decimal(str(value))
        return None

    def title_of(self, content: Content) -> str:
        return str(content.get(self.title) or "") if self.title else ""

    def protected_fields(self) -> dict[str, str]:
        """Return the top-level fields that need a privilege to be seen, with that privilege."""
        return {name: f.privilege for name, f in self.fields.items() if f.privilege}

    def value_of(self, name: str, raw: Any) -> Any:
        """Return a field's content as a typed value (Decimal, date, int …). Raises ValueError with the path
        of the first value that is not of its declared type."""
        return _value(self.fields[name], raw, name)

    def complete(self, content: Content, directory: Directory) -> tuple[dict[str, Any], list[ContentFlaw]]:
        """Return the content as it is frozen, without null fields and with people and units as the directory
        knows them, and everything in it that does not fit the declaration, at any depth."""
        return finished(self.completing(content, directory))

    def completing(
        self, content: Content, directory: Directory
    ) -> Work[tuple[dict[str, Any], list[ContentFlaw]]]:
        """Do the same as `complete`, in slices. The rest of a content that is too large is not read."""
        completion = _Completion(directory)
        completed = yield from completion.record(self.fields, content, "")
        if self.title is not None and len(self.title_of(completed)) > LONGEST_TITLE:
            completion.note(self.title, "title_too_long", longest=LONGEST_TITLE)
        if completion.values > MOST_VALUES:
            completion.note("", "too_large", most=MOST_VALUES)
        return completed, completion.flaws


@value
class ContentFlaw:
    """The reason why one field of a content is refused."""

    path: str
    """The field's path, such as `righe[2].importo`."""
    code: str
    facts: dict[str, object]


class _Completion:
    """One pass over a content along its declaration."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.flaws: list[ContentFlaw] = []
        self.values = 0
        self.sliced_at = 0
        """How many values had been read when the last slice ended."""

    def note(self, path: str, code: str, **facts: object) -> None:
        if len(self.flaws) < MOST_FLAWS:
            self.flaws.append(ContentFlaw(path, code, facts))

    def record(self, fields: Mapping[str, FieldType], raw: Content, path: str) -> Work[dict[str, Any]]:
        for name in islice(raw.keys() - fields.keys(), MOST_FLAWS):
            self.note(_joined(path, str(name)[:63]), "unknown", known=", ".join(fields))
        completed = {}
        for name, field in fields.items():
            here = _joined(path, name)
            if raw.get(name) is not None:
                if field.type == "list":
                    completed[name] = yield from self.rows(field, raw[name], here)
                elif field.type == "record":
                    completed[name] = yield from self.inner(field, raw[name], here)
                else:
                    completed[name] = self.one(field.type, raw[name], here)
            elif field.needs_nothing:
                completed[name] = {}
            elif not field.optional:
                self.note(here, "missing")
        return completed

    def rows(self, field: FieldType, raw: Any, path: str) -> Work[Any]:
        if not isinstance(raw, list):
            return self.note(path, "mistyped", type="list")
        if len(raw) > field.at_most:
            return self.note(path, "too_many_rows", most=field.at_most)
        completed = []
        for index, row in enumerate(raw):
            if self.values > MOST_VALUES:
                break
            if self.values >= self.sliced_at + _SLICE:
                self.sliced_at = self.values
                yield
            here = f"{path}[{index}]"
            if field.of is None:
                completed.append((yield from self.inner(field, row, here)))
            else:
                completed.append(self.one(field.of, row, here))
        return completed

    def inner(self, field: FieldType, raw: Any, path: str) -> Work[Any]:
        self.values += 1
        if not isinstance(raw, Mapping):
            return self.note(path, "mistyped", type="record")
        return (yield from self.record(field.fields, raw, path))

    def one(self, kind: FieldKind, raw: Any, path: str) -> Any:
        self.values += 1
        if kind == "person" or kind == "unit":
            return self.identity(kind, raw, path)
        if isinstance(raw, str) and len(raw) > LONGEST_TEXT:
            return self.note(path, "text_too_long", longest=LONGEST_TEXT)
        if isinstance(raw, str) and kind in ("number", "money") and _is_italian(raw, kind):
            whole, _, cents = raw.partition(",")
            write = f"{whole.replace('.', '')}.{cents or '00'}"
            return self.note(path, "italian_number", written=raw, write=write)
        try:
            _scalar(kind, raw, path)
        except ValueError:
            self.note(path, "mistyped", type=kind)
        return raw

    def identity(self, kind: Literal["person", "unit"], raw: Any, path: str) -> Any:
        """Return a person or unit as the directory knows it. The submitted content gives only the id or name,
        so that nobody can claim other roles or units."""
        if not isinstance(raw, str):
            return self.note(path, "identity_not_id", type=kind)
        found = person_content(self.directory, raw) if kind == "person" else unit_content(self.directory, raw)
        if found is None:
            self.note(path, f"unknown_{kind}", name=raw[:100])
        return found


_SLICE: Final = 400
"""The number of values that one slice reads, which takes about a millisecond."""
MOST_FLAWS: Final = 100
"""The most flaws that one refusal lists."""
_ITALIAN: Final = re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?|\d+,\d+")
"""Numbers as Italians write them, such as `2.500`, `2.500,00` and `12,50`: a point groups thousands, and a
comma begins the decimals."""


def _paths(fields: Mapping[str, FieldType], place: str) -> Iterator[str]:
    """Yield every field's place in the declaration, at any depth."""
    for name, field in fields.items():
        yield f"{place}.{name}"
        yield from _paths(field.fields, f"{place}.{name}.fields")


def _is_italian(text: str, kind: str) -> bool:
    """Tell whether a text is most likely a number in Italian notation. As a quantity, `2.500` may be meant as
    it stands; as an amount of money, it far more likely means thousands."""
    return bool(_ITALIAN.fullmatch(text)) and not (kind == "number" and _NUMBER.fullmatch(text))


def person_content(directory: Directory, name: str) -> dict[str, Any] | None:
    """Return a person, named by id or e-mail address, as a subject's content holds them, or None if
    unknown."""
    person = directory.named(name)
    if person is None:
        return None
    found: dict[str, Any] = {"id": str(person.id), "name": person.name, "roles": sorted(person.roles)}
    unit = directory.units.get(person.unit) if person.unit else None
    manager = directory.manager_of(person.id)
    if unit is not None:
        found["unit"] = unit.key
    if manager is not None:
        found["manager"] = str(manager)
    return found


def unit_content(directory: Directory, name: str) -> dict[str, Any] | None:
    """Return a unit, named by its key, as a subject's content holds it, or None if unknown."""
    unit = directory.unit_named(name)
    if unit is None:
        return None
    found = {"id": str(unit.id), "key": unit.key}
    parent = directory.units.get(unit.parent) if unit.parent else None
    if parent is not None:
        found["parent"] = parent.key
    if unit.manager is not None:
        found["manager"] = str(unit.manager)
    return found


def changed_fields(subject: SubjectType, before: Content, after: Content) -> tuple[str, ...]:
    """Return the names of the fields that differ, sorted. Values are compared, not how they are written.
    People and units are compared by id, so that later changes of the directory do not count."""
    return tuple(
        name
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
        and _meant(subject.fields.get(name), before.get(name))
        != _meant(subject.fields.get(name), after.get(name))
    )


def _meant(field: FieldType | None, raw: Any) -> Any:
    if field is None or raw is None:
        return raw
    if field.type == "list" and isinstance(raw, list):
        return [_meant_by_one(field, field.of or "record", row) for row in raw]
    return _meant_by_one(field, field.type, raw)


def _meant_by_one(field: FieldType, kind: FieldKind, raw: Any) -> Any:
    if kind in ("person", "unit"):
        return raw.get("id") if isinstance(raw, Mapping) else raw
    if kind == "record" and isinstance(raw, Mapping):
        names = [name for name, part in raw.items() if part is not None]
        return {name: _meant(field.fields.get(name), raw[name]) for name in names}
    try:
        return _scalar(kind, raw, "")
    except ValueError:
        return raw


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _record_values(fields: Mapping[str, FieldType], content: Content, path: str) -> dict[str, Any]:
    return {
        name: _value(field, content[name], f"{path}{name}")
        for name, field in fields.items()
        if content.get(name) is not None
    }


def _value(field: FieldType, raw: Any, path: str) -> Any:
    if field.type != "list":
        return _item(field.parts, raw, f"{path}.") if field.parts else _scalar(field.type, raw, path)
    if not isinstance(raw, list):
        raise ValueError(path)
    if field.parts:
        return [_item(field.parts, item, f"{path}[{i}].") for i, item in enumerate(raw)]
    return [_scalar(field.of or "", item, f"{path}[{i}]") for i, item in enumerate(raw)]


def _item(fields: Mapping[str, FieldType], raw: Any, path: str) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise ValueError(path.rstrip("."))
    return _record_values(fields, raw, path)


_NUMBER: Final = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
_MONEY: Final = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
"""An amount of money is never negative. A field that may be negative is a `number`."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LARGEST_WHOLE: Final = 10**12


def _scalar(kind: str, raw: Any, path: str) -> Any:
    try:
        match kind:
            case "text" if isinstance(raw, str | UUID) and "\x00" not in str(raw):
                return str(raw)
            case "flag" if isinstance(raw, bool):
                return raw
            case "whole" if type(raw) is int and abs(raw) <= _LARGEST_WHOLE:
                return raw
            case "number" | "money" if isinstance(raw, str | int | Decimal) and not isinstance(raw, bool):
                if (_NUMBER if kind == "number" else _MONEY).fullmatch(str(raw)):
                    return Decimal(raw)
            case "date" if isinstance(raw, date):
                return raw
            case "date" if isinstance(raw, str) and _DATE.fullmatch(raw):
                return date.fromisoformat(raw)
    except ValueError:
        pass
    raise ValueError(path)
