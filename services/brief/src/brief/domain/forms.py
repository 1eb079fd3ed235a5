"""Forms of brief types. A form is defined in a subset of JSON Schema, and the author of a brief fills it in.

A form is a flat object. It may use `type`, `properties` and `required` of JSON Schema, and for each property
`type`, `enum`, `items`, `format` (date), `minimum`, `maximum` and `maxLength`. Besides these, `x-label` and
`x-hint` hold texts in Italian and English, `x-choices` holds the texts of an `enum`, `x-section` names one of
the form's `x-sections`, and `x-unit` names a unit. `x-when` names an earlier field and a value: the property
is asked for only if that field has this value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from optima_kit.refusals import Invalid, Refusal, Violations

MAX_FIELDS: Final = 60
MAX_CHOICES: Final = 60
MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 8
"""The deepest nesting of objects and lists. A form needs five levels."""

MOST_TOLD: Final = 100
"""The most faults of one form that an answer lists."""

LONGEST: Final = 2000
"""The most characters of a text, unless the form allows fewer."""

LARGEST: Final = 10**12
"""Integers of a form must be smaller than this, because conditions of approval processes read them."""

FormValue = bool | int | str | list[str]
"""An answer to a field. A number with decimals is a text, like all amounts; a date is a text like
2026-01-31."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,4})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TOP: Final = frozenset(
    {
        "$schema",
        "type",
        "title",
        "description",
        "properties",
        "required",
        "additionalProperties",
        "x-sections",
    }
)
_OF_FIELD: Final = frozenset(
    {"type", "title", "description", "enum", "items", "format", "minimum", "maximum", "maxLength"}
    | {"x-label", "x-hint", "x-choices", "x-section", "x-unit", "x-when"}
)
_OF_SECTION: Final = frozenset({"key", "label"})
_OF_ITEMS: Final = frozenset({"type", "enum"})
_PROSE: Final = ("$schema", "title", "description")


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    it: str
    en: str


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    equals: FormValue

    def holds(self, values: Mapping[str, FormValue]) -> bool:
        given = values.get(self.field)
        return self.equals in given if isinstance(given, list) else given == self.equals


@dataclass(frozen=True, slots=True)
class FormField:
    key: str
    kind: Kind
    label: Words
    hint: Words | None
    section: str | None
    required: bool
    choices: Mapping[str, Words]
    """Texts of the choices by value, in the order in which they are offered."""
    unit: str | None
    minimum: Decimal | None
    maximum: Decimal | None
    longest: int
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Form:
    sections: Mapping[str, Words]
    fields: Mapping[str, FormField]

    def asked(self, values: Mapping[str, FormValue]) -> Iterator[FormField]:
        """Return the fields whose condition holds. A condition on a field that is not asked for does not
        hold."""
        kept: dict[str, FormValue] = {}
        for each in self.fields.values():
            if each.when is None or each.when.holds(kept):
                if each.key in values:
                    kept[each.key] = values[each.key]
                yield each


# --- reading a schema


def form_of(schema: Any) -> Form:
    """Read a form from its schema. Raises Violations that name each wrong place and say what is allowed
    there."""
    problems: list[Refusal] = []
    if not isinstance(schema, dict):
        raise Invalid("form_not_an_object", field="form")
    _ends_soon(schema)
    if len(json.dumps(schema)) > MAX_BYTES:
        raise Invalid("form_too_large", field="form", kilobytes=MAX_BYTES // 1024)
    problems += _unknown(schema, _TOP, "form") + _wrong_prose(schema, "form")
    if schema.get("type") != "object" or schema.get("additionalProperties", False) is not False:
        problems.append(Invalid("form_not_an_object", field="form.type"))
    sections = dict(_sections(schema.get("x-sections", []), problems))
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise Violations([Invalid("form_without_fields", field="form.properties"), *problems[:MOST_TOLD]])
    if len(properties) > MAX_FIELDS:
        raise Invalid("form_fields_too_many", field="form.properties", limit=MAX_FIELDS)
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(
        isinstance(each, str) and each in properties for each in required
    ):
        problems.append(Invalid("form_required_unknown", field="form.required"))
        required = []
    fields: dict[str, FormField] = {}
    for key, described in properties.items():
        try:
            fields[key] = _field(key, described, key in required, sections, fields)
        except Violations as several:
            problems += several.refusals
        except Refusal as problem:
            problems.append(problem)
    if problems:
        raise Violations(problems[:MOST_TOLD])
    return Form(sections, fields)


def _ends_soon(schema: Mapping[str, Any]) -> None:
    """Raise Invalid if the schema is nested deeper than any form needs. This check is iterative, and the code
    that reads the schema afterwards can rely on the limit, so that a deeply nested schema cannot exhaust the
    stack."""
    open_parts: list[tuple[str, Any, int]] = [("form", schema, 1)]
    while open_parts:
        where, part, depth = open_parts.pop()
        if depth > MAX_DEPTH:
            raise Invalid("form_too_deep", field=where, limit=MAX_DEPTH)
        inner = (
            ((f"{where}.{word}", each) for word, each in part.items())
            if isinstance(part, dict)
            else ((f"{where}[{n}]", each) for n, each in enumerate(part))
        )
        open_parts += [(at[:200], each, depth + 1) for at, each in inner if isinstance(each, dict | list)]


def _wrong_prose(part: Mapping[str, Any], where: str) -> list[Refusal]:
    """Return refusals for descriptive members, which are stored but not interpreted."""
    return [
        Invalid("form_text_wrong", field=f"{where}.{word}", limit=LONGEST)
        for word in _PROSE
        if word in part and not _is_text(part[word], LONGEST)
    ]


def _is_text(given: Any, most: int) -> bool:
    return isinstance(given, str) and len(given) <= most and not _CONTROL.search(given)


def _unknown(part: Mapping[str, Any], known: frozenset[str], where: str) -> list[Refusal]:
    return [
        Invalid(
            "form_word_unknown",
            field=f"{where}.{word}"[:200],
            word=str(word)[:60],
            known=", ".join(sorted(known)),
        )
        for word in part
        if word not in known
    ]


def _sections(given: Any, problems: list[Refusal]) -> Iterator[tuple[str, Words]]:
    taken: set[str] = set()
    for n, each in enumerate(given if isinstance(given, list) else [None]):
        where, key = f"form.x-sections[{n}]", each.get("key") if isinstance(each, dict) else None
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            problems.append(Invalid("form_section_wrong", field=where))
            continue
        problems += _unknown(each, _OF_SECTION, where)
        if key in taken:
            problems.append(Invalid("form_section_twice", field=f"{where}.key"))
        taken.add(key)
        try:
            yield key, _words(each.get("label"), f"{where}.label")
        except Refusal as problem:
            problems.append(problem)


def _field(
    key: str, given: Any, required: bool, sections: Mapping[str, Words], earlier: Mapping[str, FormField]
) -> FormField:
    where = f"form.properties.{key[:60]}"
    if not _KEY.fullmatch(key):
        raise Invalid("form_key_wrong", field=where)
    if not isinstance(given, dict):
        raise Invalid("form_field_wrong", field=where)
    if problems := _unknown(given, _OF_FIELD, where) + _wrong_prose(given, where):
        raise Violations(problems)
    kind = _kind(given, where)
    section = given.get("x-section")
    if section is not None and (not isinstance(section, str) or section not in sections):
        raise Invalid("form_section_unknown", field=f"{where}.x-section")
    unit, longest = given.get("x-unit"), given.get("maxLength", LONGEST)
    if unit is not None and not (_is_text(unit, 16) and unit):
        raise Invalid("form_unit_wrong", field=f"{where}.x-unit")
    if type(longest) is not int or not 0 < longest <= LONGEST:
        raise Invalid("form_length_wrong", field=f"{where}.maxLength", limit=LONGEST)
    minimum, maximum = (_limit(given, name, kind, where) for name in ("minimum", "maximum"))
    if minimum is not None and maximum is not None and minimum > maximum:
        raise Invalid("form_limits_crossed", field=f"{where}.maximum")
    return FormField(
        key=key,
        kind=kind,
        label=_words(given.get("x-label"), f"{where}.x-label"),
        hint=_words(given["x-hint"], f"{where}.x-hint") if "x-hint" in given else None,
        section=section,
        required=required,
        choices=_choices(given, kind, where),
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        longest=longest,
        when=_condition(given["x-when"], earlier, f"{where}.x-when") if "x-when" in given else None,
    )


def _kind(given: Mapping[str, Any], where: str) -> Kind:
    named, chosen = given.get("type"), "enum" in given
    dated = given.get("format")
    if dated not in (None, "date") or (dated and named != "string"):
        raise Invalid("form_format_unknown", field=f"{where}.format")
    match named:
        case "string":
            return Kind.CHOICE if chosen else Kind.DATE if dated else Kind.TEXT
        case "array":
            return Kind.CHOICES
        case "number" | "integer":
            return Kind(named)
        case "boolean":
            return Kind.FLAG
    # A nested object, or a reference to one, could be endless, and nobody could fill it in.
    raise Invalid("form_type_unknown", field=f"{where}.type")


def _choices(given: Mapping[str, Any], kind: Kind, where: str) -> Mapping[str, Words]:
    places = {Kind.CHOICE: ("enum", "x-choices"), Kind.CHOICES: ("items", "x-choices")}.get(kind, ())
    for word in ("enum", "items", "x-choices"):
        if word in given and word not in places:
            raise Invalid("form_choices_misplaced", field=f"{where}.{word}")
    if not places:
        return {}
    values, place = given.get("enum"), f"{where}.enum"
    if kind is Kind.CHOICES:
        values, place = _values_of_items(given.get("items"), f"{where}.items"), f"{where}.items.enum"
    texts = isinstance(values, list) and all(_is_text(each, 60) and each for each in values)
    if not texts or not values or len(values) > MAX_CHOICES or len(set(values)) != len(values):
        raise Invalid("form_choices_wrong", field=place, limit=MAX_CHOICES)
    told = given.get("x-choices", {})
    if not isinstance(told, dict) or not told.keys() <= set(values):
        raise Invalid("form_choices_unknown", field=f"{where}.x-choices")
    return {
        value: _words(told[value], f"{where}.x-choices.{value}") if value in told else Words(value, value)
        for value in values
    }


def _values_of_items(items: Any, where: str) -> Any:
    """Return what may be chosen for an array field. The values must be texts, not arrays."""
    if not isinstance(items, dict):
        return None
    if problems := _unknown(items, _OF_ITEMS, where):
        raise Violations(problems)
    if items.get("type", "string") != "string":
        raise Invalid("form_choices_wrong", field=f"{where}.type", limit=MAX_CHOICES)
    return items.get("enum")


def _limit(given: Mapping[str, Any], name: str, kind: Kind, where: str) -> Decimal | None:
    if name not in given:
        return None
    value = given[name]
    plain = type(value) in (int, float) and _NUMBER.fullmatch(str(value))
    if kind not in (Kind.NUMBER, Kind.INTEGER) or not plain:
        raise Invalid("form_limit_wrong", field=f"{where}.{name}")
    return Decimal(str(value))


def _condition(given: Any, earlier: Mapping[str, FormField], where: str) -> Condition:
    if not isinstance(given, dict) or given.keys() != {"field", "equals"}:
        raise Invalid("form_condition_wrong", field=where)
    on = earlier.get(given["field"]) if isinstance(given["field"], str) else None
    if on is None:
        raise Invalid("form_condition_not_earlier", field=f"{where}.field")
    value = given["equals"]
    fits = value in on.choices if isinstance(value, str) else on.kind is Kind.FLAG and isinstance(value, bool)
    if not fits:
        raise Invalid("form_condition_value_wrong", field=f"{where}.equals")
    return Condition(on.key, value)


def _words(given: Any, where: str) -> Words:
    fits = isinstance(given, dict) and given.keys() == {"it", "en"}
    if not fits or not all(_is_text(each, 300) and each.strip() for each in given.values()):
        raise Invalid("form_words_wrong", field=where)
    return Words(given["it"], given["en"])


# --- filling it in


def filled_in(form: Form, given: Mapping[str, Any]) -> dict[str, FormValue]:
    """Return those answers of `given` that the form asks for. A draft may lack answers, but given answers
    must be valid. Raises Violations that name each wrong field."""
    problems: list[Refusal] = [
        Invalid("form_field_unknown", field=f"form.{key[:60]}") for key in given if key not in form.fields
    ]
    values: dict[str, FormValue] = {}
    for each in form.fields.values():
        if each.key in given:
            try:
                values[each.key] = _value(each, given[each.key])
            except Refusal as problem:
                problems.append(problem)
    if problems:
        raise Violations(problems)
    asked = {each.key for each in form.asked(values)}
    return {key: value for key, value in values.items() if key in asked}


def form_is_complete(form: Form, values: Mapping[str, FormValue]) -> None:
    problems: list[Refusal] = [
        Invalid("form_answer_missing", field=f"form.{each.key}", it=each.label.it, en=each.label.en)
        for each in form.asked(values)
        if each.required and values.get(each.key) in (None, "", [])
    ]
    if problems:
        raise Violations(problems)


def _value(asked: FormField, given: Any) -> FormValue:
    where, told = f"form.{asked.key}", {"it": asked.label.it, "en": asked.label.en}
    match asked.kind, given:
        case Kind.FLAG, bool():
            return given
        case Kind.INTEGER, int() if not isinstance(given, bool) and abs(given) < LARGEST:
            _within_limits(asked, Decimal(given), where, told)
            return given
        case Kind.NUMBER, int() | str() if not isinstance(given, bool) and _NUMBER.fullmatch(str(given)):
            _within_limits(asked, Decimal(given), where, told)
            # Adding zero takes the sign off a zero.
            return f"{Decimal(given).normalize() + 0:f}"
        case Kind.DATE, str() if _is_day(given):
            return given
        case Kind.CHOICE, str() if given in asked.choices:
            return given
        case Kind.CHOICES, list() if all(isinstance(e, str) and e in asked.choices for e in given):
            return [value for value in asked.choices if value in given]
        case Kind.TEXT, str() if _is_text(text := given.strip(), asked.longest):
            return text
    raise Invalid(f"form_answer_not_{asked.kind}", field=where, longest=asked.longest, **told)


def _within_limits(asked: FormField, number: Decimal, where: str, told: Mapping[str, str]) -> None:
    if asked.minimum is not None and number < asked.minimum:
        raise Invalid("form_answer_too_small", field=where, limit=asked.minimum, **told)
    if asked.maximum is not None and number > asked.maximum:
        raise Invalid("form_answer_too_large", field=where, limit=asked.maximum, **told)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
