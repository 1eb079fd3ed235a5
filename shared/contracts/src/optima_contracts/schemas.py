"""JSON Schemas (2020-12) of whole events, for consumers that do not use our Python models."""

from __future__ import annotations

from typing import Any

from .catalogue import every_event_type
from .envelope import Deprecation, Envelope


def event_schema(type_: str) -> dict[str, Any]:
    """Return the self-contained schema of an event of this type. Raises KeyError if the type is unknown."""
    model = every_event_type()[type_]
    envelope = Envelope.model_json_schema(ref_template="#/$defs/{model}")
    data = model.model_json_schema(ref_template="#/$defs/{model}")
    parts = data.pop("$defs", {})
    properties = envelope["properties"] | {"type": {"const": type_}, "data": data}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:optima:event-type:{type_}",
        **envelope,
        "title": type_,
        "description": data.get("description", ""),
        **deprecated(model.deprecation),
        "properties": properties,
        "$defs": parts,
    }


def deprecated(deprecation: Deprecation | None) -> dict[str, Any]:
    """Return the schema members that announce a deprecation, or nothing if the type is not deprecated."""
    if deprecation is None:
        return {}
    return {
        "deprecated": True,
        "x-deprecated-since": deprecation.since.isoformat(),
        "x-ends": deprecation.ends.isoformat(),
        "x-replaced-by": deprecation.replaced_by,
    }
