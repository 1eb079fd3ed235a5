"""Convert the form of a brief type between rows that a person fills in and the service's JSON Schema."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from .amounts import plain_number, typed_number

KINDS: Final = ("text", "number", "integer", "flag", "date", "choice", "choices")
LANGUAGES: Final = ("it", "en")
FIELD_TEXTS: Final = (
    "key",
    "label_it",
    "label_en",
    "kind",
    "section",
    "hint_it",
    "hint_en",
    "unit",
    "minimum",
    "maximum",
    "longest",
    "choices",
    "when",
)
SECTION_TEXTS: Final = ("section_key", "section_it", "section_en")
_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "flag": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "choice": {"type": "string"},
    "choices": {"type": "array"},
}
_FLAGS: Final = {True: "yes", False: "no"}
_CARRIED: Final = ("title", "description")
"""Texts of a document that the rows don't show; they are kept for people who wrote them in the document."""

Row = dict[str, Any]


# --- a document as rows


def rows_of(form: Mapping[str, Any], language: str) -> tuple[list[Row], list[Row]]:
    """Return the sections and the fields of a form as rows of the page."""
    sections = [
        {
            "section_key": each["key"],
            "section_it": each["label"].get("it", ""),
            "section_en": each["label"].get("en", ""),
        }
        for each in form.get("x-sections", ())
    ]
    numbers = {each["section_key"]: str(number) for number, each in enumerate(sections, start=1)}
    required = form.get("required", ())
    fields = [_row(key, each, key in required, numbers, language) for key, each in form["properties"].items()]
    return sections, fields


def _row(
    key: str, field: Mapping[str, Any], required: bool, sections: Mapping[str, str], language: str
) -> Row:
    label, hint = field.get("x-label", {}), field.get("x-hint", {})
    return {
        "key": key,
        "label_it": label.get("it", ""),
        "label_en": label.get("en", ""),
        "kind": _kind(field),
        "section": sections.get(field.get("x-section", ""), ""),
        "hint_it": hint.get("it", ""),
        "hint_en": hint.get("en", ""),
        "unit": field.get("x-unit", ""),
        "minimum": typed_number(str(field.get("minimum", "")), language),
        "maximum": typed_number(str(field.get("maximum", "")), language),
        "longest": str(field.get("maxLength", "")),
        "choices": _choices_as_lines(field),
        "when": _condition_as_value(field.get("x-when")),
        "required": required,
    }


def _kind(field: Mapping[str, Any]) -> str:
    match field["type"]:
        case "array":
            return "choices"
        case "boolean":
            return "flag"
        case "string":
            return "choice" if "enum" in field else "date" if "format" in field else "text"
    return str(field["type"])


def _choices_as_lines(field: Mapping[str, Any]) -> str:
    """Return the choices one per line, each with its Italian and English label if these differ from the
    value."""
    words = field.get("x-choices", {})
    return "\n".join(
        " | ".join((value, words[value]["it"], words[value]["en"])) if value in words else value
        for value in field.get("enum") or field.get("items", {}).get("enum", ())
    )


def _condition_as_value(when: Mapping[str, Any] | None) -> str:
    if when is None:
        return ""
    value = when["equals"]
    return f"{when['field']}?{_FLAGS[value]}" if isinstance(value, bool) else f"{when['field']}={value}"


# --- rows as a document


def with_keys(rows: Sequence[Row], key: str, *labels: str) -> list[Row]:
    """Return the rows with keys. A new row with a label gets a key made from the label."""
    taken = {row[key] for row in rows if row[key]}
    named = []
    for number, row in enumerate(rows, start=1):
        label = next(filter(None, (row[name] for name in labels)), "")
        if label and not row[key]:
            plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
            made = re.sub(r"[^a-z0-9]+", "_", plain).strip("_0123456789")[:36].rstrip("_") or "campo"
            row = {**row, key: f"{made}_{number}" if made in taken else made}
            taken.add(row[key])
        named.append(row)
    return named


def form_of_rows(
    sections: Sequence[Row], fields: Sequence[Row], before: Mapping[str, Any], language: str
) -> dict[str, Any]:
    """Return the form as the service expects it. Rows without a label are left out; all others have a key.
    `before` is the previous form; its parts that rows don't show are kept."""
    section_keys = [row["section_key"] if row["section_it"] or row["section_en"] else "" for row in sections]
    kept = [row for row in fields if row["label_it"] or row["label_en"]]
    properties = {
        row["key"]: {
            **_carried(before["properties"].get(row["key"], {})),
            **_property(row, section_keys, language),
        }
        for row in kept
    }
    kept_sections = [
        {"key": key, "label": _words(row, "section")}
        for key, row in zip(section_keys, sections, strict=True)
        if key
    ]
    required = [row["key"] for row in kept if row["required"]]
    return {
        **_carried(before),
        "type": "object",
        **({"x-sections": kept_sections} if kept_sections else {}),
        **({"required": required} if required else {}),
        "properties": properties,
    }


def _carried(before: Mapping[str, Any]) -> dict[str, Any]:
    return {word: before[word] for word in _CARRIED if word in before}


def _words(row: Row, name: str) -> dict[str, str]:
    return {language: row[f"{name}_{language}"] for language in LANGUAGES}


def _property(row: Row, section_keys: Sequence[str], language: str) -> dict[str, Any]:
    kind = row["kind"]
    told: dict[str, Any] = {**_SCHEMAS.get(kind, {"type": kind})}
    values, words = _choices(row["choices"])
    if kind == "choice":
        told["enum"] = values
    if kind == "choices":
        told["items"] = {"type": "string", "enum": values}
    if kind in ("choice", "choices") and words:
        told["x-choices"] = words
    if kind in ("number", "integer"):
        told |= {name: _number(row[name], language) for name in ("minimum", "maximum") if row[name]}
    if kind == "text" and row["longest"]:
        told["maxLength"] = _number(row["longest"], language)
    if row["section"].isdecimal() and 0 < int(row["section"]) <= len(section_keys):
        told |= {"x-section": key} if (key := section_keys[int(row["section"]) - 1]) else {}
    told["x-label"] = _words(row, "label")
    if row["hint_it"] or row["hint_en"]:
        told["x-hint"] = _words(row, "hint")
    if row["unit"]:
        told["x-unit"] = row["unit"]
    if row["when"]:
        told["x-when"] = _condition(row["when"])
    return told


def _choices(lines: str) -> tuple[list[str], dict[str, dict[str, str]]]:
    values, words = [], {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        value, *named = (each.strip() for each in line.split("|"))
        values.append(value)
        if named:
            words[value] = {"it": named[0], "en": named[1] if len(named) > 1 else named[0]}
    return values, words


def _number(typed: str, language: str) -> Any:
    """Convert a typed number. Text that is not a number is passed on unchanged, so that the service's refusal
    shows it."""
    plain = plain_number(typed, language)
    if re.fullmatch(r"-?\d{1,12}", plain):
        return int(plain)
    return float(plain) if re.fullmatch(r"-?\d{1,12}\.\d{1,4}", plain) else plain


def _condition(value: str) -> dict[str, Any]:
    field, sign, equals = re.fullmatch(r"([^=?]*)([=?]?)(.*)", value, re.DOTALL).groups()  # type: ignore[union-attr]
    return {"field": field, "equals": equals == _FLAGS[True] if sign == "?" else equals}


def conditions_of(form: Mapping[str, Any], language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the conditions on which a field may depend, by the label of the field that is asked: one for
    each of its choices. For a yes-or-no field, the code stands for a text."""
    offered = []
    for key, field in form["properties"].items():
        if field["type"] == "boolean":
            named = [(f"{key}?{flag}", flag) for flag in ("yes", "no")]
        else:
            words = field.get("x-choices", {})
            named = [
                (f"{key}={value}", words[value][language] if value in words else value)
                for value in field.get("enum") or field.get("items", {}).get("enum", ())
            ]
        if named:
            offered.append((field["x-label"][language] or key, named))
    return offered


def flaws_by_row(
    errors: Iterable[Mapping[str, Any]], form: Mapping[str, Any]
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Return the texts of errors by section and by field, both numbered from 1 in the order they were
    sent."""
    sections: dict[int, list[str]] = {}
    fields: dict[int, list[str]] = {}
    numbers = {key: number for number, key in enumerate(form["properties"], start=1)}
    for error in errors:
        at = re.match(r"form\.(?:x-sections\[(\d+)\]|properties\.([^.\[]+))", error.get("field", ""))
        if at and at[1] is not None:
            sections.setdefault(int(at[1]) + 1, []).append(str(error["detail"]))
        elif at and at[2] in numbers:
            fields.setdefault(numbers[at[2]], []).append(str(error["detail"]))
    return sections, fields
