"""Published event models are frozen: what consumers may rely on stands in `golden/`, and only grows.

    python tests/contracts/freezing.py

freezes new event types and new optional fields. It refuses everything else: a removed, renamed, retyped or
newly required field needs a type of its own (`….v2`), beside `….v1` until its last consumer has moved.

`first/` keeps the schema and the sample with which each type was first published, and never changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from optima_contracts.catalogue import every_event_type
from optima_contracts.envelope import Envelope

GOLDEN = Path(__file__).parent / "golden"
FIRST = Path(__file__).parent / "first"
SAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "samples"
_PROSE = frozenset({"title", "description"})


def published_models() -> dict[str, type[BaseModel]]:
    """Every event type, and the envelope around them."""
    return {"envelope": Envelope, **every_event_type()}


def schema_of(model: type[BaseModel]) -> Any:
    """The model's JSON Schema with its parts written out in place, without prose."""
    schema = model.model_json_schema()
    return _plain(schema, schema.get("$defs", {}))


def _plain(schema: Any, parts: dict[str, Any], *, names: bool = False) -> Any:
    """`names`: the keys of this object are names of fields, not words of JSON Schema."""
    if isinstance(schema, list):
        return [_plain(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {
        key: _plain(value, parts, names=key == "properties" and not names)
        for key, value in sorted(schema.items())
        if names or (key not in _PROSE and key != "$defs")
    }


def breaking_changes(frozen: Any, present: Any, where: str = "") -> list[str]:
    """What of the `frozen` schema does not hold any more in the `present` one; a sentence each.

    New fields that may be left out break nothing. Everything else does, a wider value included: a consumer
    that was built against the frozen schema has to read what is published under the present one.
    """
    if isinstance(frozen, dict) and isinstance(present, dict):
        if "properties" in frozen and "properties" in present:
            return _changed_fields(frozen, present, where)
        changes = []
        for key in sorted(frozen.keys() | present.keys()):
            if key not in frozen or key not in present:
                changes.append(f"{where or 'the whole'}: {key} came or went")
            else:
                changes += breaking_changes(frozen[key], present[key], where)
        return changes
    if isinstance(frozen, list) and isinstance(present, list) and len(frozen) == len(present):
        return [
            change
            for was, now in zip(frozen, present, strict=True)
            for change in breaking_changes(was, now, where)
        ]
    return [] if frozen == present else [f"{where or 'the whole'}: was {frozen!r}, is {present!r}"]


def _changed_fields(frozen: dict[str, Any], present: dict[str, Any], where: str) -> list[str]:
    changes = []
    was_required, is_required = set(frozen.get("required", [])), set(present.get("required", []))
    for name, field in frozen["properties"].items():
        path = f"{where}.{name}" if where else name
        if name not in present["properties"]:
            changes.append(f"{path}: removed or renamed")
            continue
        if name in is_required - was_required:
            changes.append(f"{path}: newly required")
        if name in was_required - is_required:
            changes.append(f"{path}: may be missing now")
        changes += breaking_changes(field, present["properties"][name], path)
    for name in sorted(is_required - frozen["properties"].keys()):
        changes.append(f"{where}.{name}: new and required" if where else f"{name}: new and required")
    ignored = {"properties", "required"}
    for key in sorted((frozen.keys() | present.keys()) - ignored):
        if frozen.get(key) != present.get(key):
            changes.append(f"{where or 'the whole'}: {key} changed")
    return changes


def read_golden() -> dict[str, Any]:
    return _read(GOLDEN)


def read_first() -> dict[str, Any]:
    """By type: `schema`, and but for the envelope `sample`, as they were first published."""
    return _read(FIRST)


def _read(folder: Path) -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}


def freeze() -> int:
    models, golden = published_models(), read_golden()
    broken = [f"{name}: the type is gone" for name in sorted(golden.keys() - models.keys())]
    for name, frozen in golden.items():
        if name in models:
            broken += [f"{name}: {change}" for change in breaking_changes(frozen, schema_of(models[name]))]
    if broken:
        sys.stderr.write(
            "\n".join([*broken, "nothing was frozen: publish a new version of the type instead", ""])
        )
        return 1
    for name, model in models.items():
        text = json.dumps(schema_of(model), indent=2, ensure_ascii=False) + "\n"
        (GOLDEN / f"{name}.json").write_text(text, encoding="utf-8")
        if not (FIRST / f"{name}.json").exists():
            sample = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
            published = json.dumps({"schema": schema_of(model), "sample": sample}, ensure_ascii=False)
            (FIRST / f"{name}.json").write_text(published + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(freeze())
