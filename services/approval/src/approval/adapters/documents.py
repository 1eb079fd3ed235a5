"""Documents that people write: JSON or YAML in, models or named refusals out."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import orjson
import yaml
from pydantic import BaseModel, ValidationError

from optima_kit.http.problems import load_catalogue
from optima_kit.refusals import Invalid, Malformed, Refusal, Violations

JSON: Final = "application/json"
YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml")
MEDIA_TYPES: Final = (JSON, *YAML)
MOST_BYTES: Final = 512 * 1024
MOST_NESTED: Final = 64

M = TypeVar("M", bound=BaseModel)

_EXPECTED: Final = {
    "quorum": "any, all, one_per_group, {at_least: n}, {percent: n}",
    "rejection": "any, impossible, {at_least: n}, {percent: n}",
    "join": "all, any, {at_least: n}",
    "if_too_few": "skip, reject, {ask: […]}",
    "on_rejection": "stop, requester, {back_to: step}",
}
"""What the fields accept that take one of several shapes."""


def read_document(model: type[M], data: bytes, content_type: str) -> M:
    """Raises Malformed for what can't be read at all, Violations for what does not fit the model."""
    media_type = content_type.partition(";")[0].strip().lower()
    document = _json(data) if media_type == JSON else _yaml(data)
    _not_too_nested(document)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise Violations(_refusals(error)) from None


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed("malformed_json", reason=str(error)) from None


class _PlainLoader(yaml.SafeLoader):
    """Without aliases, by which a small document can stand for a huge one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not accepted")
        return super().compose_node(parent, index)


def _yaml(data: bytes) -> Any:
    try:
        return yaml.load(data.decode("utf-8"), _PlainLoader)  # noqa: S506 - a SafeLoader  # nosec B506
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise Malformed("malformed_yaml", reason=" ".join(str(error).split())[:300]) from None
    except RecursionError:
        raise Malformed("malformed_yaml", reason="too deeply nested") from None


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


def _refusals(error: ValidationError) -> list[Refusal]:
    texts = load_catalogue("approval").texts
    refusals: dict[str, Refusal] = {}
    for fault in error.errors(include_url=False, include_input=False)[:200]:
        path, shape = _path(fault["loc"])
        if shape is not None:
            # One of several shapes: that none fits is one flaw, not one for each shape.
            refusals.setdefault(path, Invalid("not_one_of", field=path, expected=_EXPECTED[shape]))
            continue
        code = fault["type"] if fault["type"] in texts else "unacceptable_value"
        facts = {k: v for k, v in fault.get("ctx", {}).items() if k != "error"}
        refusals.setdefault(path, Invalid(code, field=path, **facts))
    return list(refusals.values())


def _path(location: tuple[str | int, ...]) -> tuple[str, str | None]:
    """The place in the document, without what pydantic adds; and the field of several shapes, if it is
    inside one."""
    path, before_last = "", None
    for index, part in enumerate(location):
        if part in ("step", "parallel", "choice") and isinstance(before_last, int):
            before_last = part
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        if part in _EXPECTED and index + 1 < len(location) and location[index + 1 :][0] != "Ask":
            return path, str(part)
        before_last = part
    return path.replace(".Ask.", "."), None
