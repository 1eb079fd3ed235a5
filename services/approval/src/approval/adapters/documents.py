"""Reads documents that people write in JSON or YAML into models, or refuses them and names each flaw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from optima_kit.http.problems import load_catalogue
from optima_kit.refusals import Invalid, Malformed, Refusal, Violations

from ..domain.conditions import without_accents
from ..domain.turns import Work, finished

JSON: Final = "application/json"
YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml")
MEDIA_TYPES: Final = (JSON, *YAML)
MOST_BYTES: Final = 512 * 1024
MOST_NODES: Final = 10_000
"""The most keys and values of one document: half as many again as the largest real document has. The number
is limited because other requests wait while parts of a document are read."""
MOST_NESTED: Final = 64
_SLICE: Final = 200
"""How many keys and values are read before other requests have their turn."""

M = TypeVar("M", bound=BaseModel)
Lines = dict[str, int]
"""The line of each value, by its path."""

_EXPECTED: Final = {
    "quorum": "any, all, one_per_group, {at_least: n}, {percent: n}",
    "rejection": "any, impossible, {at_least: n}, {percent: n}",
    "join": "all, any, {at_least: n}",
    "if_too_few": "skip, reject, {ask: […]}",
    "on_rejection": "stop, requester, {back_to: step}",
}
"""What the fields accept whose value may have one of several shapes."""


def read_document(model: type[M], data: bytes, content_type: str) -> M:
    """Read a document. Raises Malformed if it can't be parsed, Violations if it does not fit the model."""
    return finished(reading(model, data, content_type))[0]


def reading(model: type[M], data: bytes, content_type: str) -> Work[tuple[M, Lines]]:
    """Do the same as `read_document`, in slices, and also return the line of each value if it is YAML."""
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed("document_not_utf8", position=error.start) from None
    yield
    document, lines = (_json(text), {}) if media_type == JSON else (yield from _Yaml(text).read())
    yield
    try:
        return model.model_validate(document), lines
    except ValidationError as error:
        raise Violations(_refusals(error, lines)) from None


# -- JSON


def _json(text: str) -> Any:
    _not_too_large(text)
    doubled = False

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        found = dict(pairs)
        doubled = doubled or len(found) < len(pairs)
        return found

    try:
        document = json.loads(
            text, object_pairs_hook=mapping, parse_float=Decimal, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise Malformed("malformed_json", reason=str(error)) from None
    except RecursionError:
        raise Malformed("document_too_nested", most=MOST_NESTED) from None
    except ValueError as error:
        raise Malformed("malformed_json", reason=str(error)[:200]) from None
    if doubled:
        raise _doubled_key(text)
    _not_too_nested(document)
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_MARK: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:]')


def _doubled_key(text: str) -> Malformed:
    """Find the first key that an object has twice. The parser must have found that there is one."""
    inside: list[dict[str, int]] = []
    last = _MARK.match('""')
    for mark in _MARK.finditer(text):
        match mark.group():
            case "{" | "[":
                inside.append({})
            case "}" | "]":
                inside.pop()
            case ":":
                assert last is not None
                key, line = json.loads(last.group()), text.count("\n", 0, last.start()) + 1
                if key in inside[-1]:
                    column = last.start() - text.rfind("\n", 0, last.start())
                    return _doubled(key, line, column, inside[-1][key])
                inside[-1][key] = line
            case _:
                last = mark
    raise AssertionError("some key is there twice")


def _doubled(key: str, line: int, column: int, first: int, path: str | None = None) -> Malformed:
    return Malformed("document_key_twice", field=path or key, key=key, line=line, column=column, first=first)


_TEXT: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def _not_too_large(text: str) -> None:
    """Raise Malformed if a JSON text has too many keys and values. They are counted before any is built, by
    the punctuation before each of them but the first. An empty list counts twice."""
    signs = _TEXT.sub("", text)
    if sum(map(signs.count, ",:[{")) >= MOST_NODES:
        raise Malformed("document_too_large", most=MOST_NODES)


def _not_too_nested(document: Any) -> None:
    level, inside = 0, [document]
    while inside:
        level += 1
        if level > MOST_NESTED:
            raise Malformed("document_too_nested", most=MOST_NESTED)
        below = [each.values() if isinstance(each, dict) else each for each in inside]
        inside = [value for values in below for value in _containers(values)]


def _containers(values: Any) -> list[Any]:
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        return []
    return [value for value in values if isinstance(value, dict | list)]


# -- YAML


class _Yaml:
    """Reads YAML 1.2 with its core schema, without what JSON can't express: anchors, aliases, tags, and keys
    that are not texts. It makes one pass over the C parser's events, in slices, and stops as soon as the
    document is too large."""

    def __init__(self, text: str) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.nodes = 0
        self.lines: Lines = {}

    def read(self) -> Work[tuple[Any, Lines]]:
        try:
            next(self.events), next(self.events)
            document = yield from self.value(next(self.events), "", 0)
            next(self.events)
            if not isinstance(further := next(self.events), yaml.StreamEndEvent):
                raise _refused("yaml_several_documents", further)
        except StopIteration:
            raise Malformed("document_empty") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            code = _MISTAKES.get(error.problem or "", "malformed_yaml")
            raise Malformed(code, line=line, column=column, reason=error.problem or error.context) from None
        except yaml.YAMLError as error:
            reason = " ".join(str(error).split())[:200]
            raise Malformed("malformed_yaml", line=1, column=1, reason=reason) from None
        return document, self.lines

    def refuse_what_is_not_plain(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise Malformed("document_too_large", most=MOST_NODES)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _refused("yaml_anchor", event)
        if event.tag is not None:
            raise _refused("yaml_tag", event)

    def value(self, event: Any, path: str, depth: int) -> Work[Any]:
        self.refuse_what_is_not_plain(event)
        if self.nodes % _SLICE == 0:
            yield
        if depth > MOST_NESTED:
            raise Malformed("document_too_nested", most=MOST_NESTED)
        self.lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return (yield from self.sequence(path, depth))
        return (yield from self.mapping(path, depth))

    def sequence(self, path: str, depth: int) -> Work[list[Any]]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append((yield from self.value(event, f"{path}[{len(found)}]", depth + 1)))
        return found

    def mapping(self, path: str, depth: int) -> Work[dict[str, Any]]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            self.refuse_what_is_not_plain(event)
            key = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
            if not isinstance(key, str):
                raise _refused("yaml_key_not_text", event)
            here = f"{path}.{key}" if path else key
            if key in found:
                mark = event.start_mark
                raise _doubled(key, mark.line + 1, mark.column + 1, self.lines[here], here)
            self.lines[here] = event.start_mark.line + 1
            found[key] = yield from self.value(next(self.events), here, depth + 1)
        return found


_MISTAKES: Final = {
    "mapping values are not allowed in this context": "yaml_colon_in_text",
    "found character that cannot start any token": "yaml_sign_in_text",
    "did not find expected '-' indicator": "yaml_indentation",
    "did not find expected key": "yaml_indentation",
    "did not find expected <document start>": "yaml_indentation",
}
"""The codes for frequent mistakes, by the parser's message."""


def _refused(code: str, event: Any) -> Malformed:
    return Malformed(code, line=event.start_mark.line + 1, column=event.start_mark.column + 1)


_NULL: Final = ("", "~", "null", "Null", "NULL")
_FLAGS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,40}")
_OTHER_BASE: Final = re.compile(r"0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_NUMBER: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


def _scalar(event: Any) -> Any:
    """Return the value of a YAML scalar. A number keeps its digits as written. Every other unquoted scalar is
    a text, such as `no`, `8:30` and `2026-01-31`."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _NULL:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


# -- what does not fit


def _refusals(error: ValidationError, lines: Lines) -> list[Refusal]:
    texts = load_catalogue("approval").texts
    refusals: dict[str, Refusal] = {}
    for fault in error.errors(include_url=False)[:200]:
        path, shape = _path(fault["loc"])
        place = _line_of(path, lines)
        if shape is not None:
            # pydantic reports an error for each of several shapes. Report one flaw for all.
            refusal = Invalid("value_not_one_of", field=path, expected=_EXPECTED[shape], **place)
            refusals.setdefault(path, refusal)
            continue
        if fault["type"] == "string_pattern_mismatch":
            refusals.setdefault(path, _key_form(str(fault["input"]), fault["ctx"]["pattern"], path, place))
            continue
        code = fault["type"] if fault["type"] in texts else "unacceptable_value"
        facts = {k: v for k, v in fault.get("ctx", {}).items() if k != "error"}
        refusals.setdefault(path, Invalid(code, field=path, **facts, **place))
    return list(refusals.values())


def _key_form(written: str, pattern: str, path: str, place: dict[str, int]) -> Invalid:
    """Build the refusal of a key in the wrong form, and suggest how to write it. The patterns in these
    documents are all patterns of keys, which use either dashes or underscores."""
    sign = "-" if "-]" in pattern else "_"
    plain = re.sub(
        r"[^a-z0-9.]+" if "." in pattern else r"[^a-z0-9]+", sign, without_accents(written.lower())
    )
    write = re.sub(r"^[^a-z]+", "", plain).strip(sign)[:63] or "a1"
    return Invalid("key_form", field=path, sign=sign, write=write, **place)


def flaws_with_lines(refusal: Refusal, lines: Lines) -> list[Refusal]:
    """Return each flaw of a refusal, with the line of its place."""
    flaws = refusal.refusals if isinstance(refusal, Violations) else [refusal]
    for flaw in flaws:
        flaw.facts = {**_line_of(flaw.field or "", lines), **flaw.facts}
    return flaws


def _line_of(path: str, lines: Lines) -> dict[str, int]:
    """Return the line of the value or, if the value is missing, of what it is missing in."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return {"line": lines[path]} if path in lines else {}


def _path(location: tuple[str | int, ...]) -> tuple[str, str | None]:
    """Return the place in the document, without the parts that pydantic adds, and the field with several
    shapes, if the place is inside one."""
    path, before_last = "", None
    for index, part in enumerate(location):
        if part in ("step", "parallel", "choice") and isinstance(before_last, int):
            before_last = part
            continue
        if part == "[key]":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        if part in _EXPECTED and index + 1 < len(location) and location[index + 1 :][0] != "Ask":
            return path, str(part)
        before_last = part
    return path.replace(".Ask.", "."), None
