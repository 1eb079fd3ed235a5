"""Answers to the form of a brief's type: as the services take them, and as they are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import PageCall

from .amounts import plain_number, typed_number
from .client import part

MOST_TYPES: Final = 20
"""Whose fields are named by their labels; of others by their keys."""
_KEPT_FORMS: Final = 1000


async def form_labels(call: PageCall) -> dict[str, str]:
    """What the fields of the types' forms are called, by their place in a brief: `form.formato`.

    A version of a type stays as it is, so each is asked for once."""
    services, known = call.session.services, call.resources.form_labels
    tenant_id = call.session.session.tenant_id
    listed = await part(services.get("brief", "/v1/brief-types", limit=MOST_TYPES))
    items = listed["items"] if listed else ()
    types = {each["key"]: (tenant_id, each["key"], each["version"]) for each in items}
    labels = {key: known[version] for key, version in types.items() if version in known}
    paths = {key: f"/v1/brief-types/{quote(key, safe='')}" for key in types if key not in labels}
    found = await asyncio.gather(*(part(services.get("brief", path)) for path in paths.values()))
    if len(known) + len(paths) > _KEPT_FORMS:
        known.clear()
    for key, each in zip(paths, found, strict=True):
        if each:
            fields = each["form"]["properties"].items()
            labels[key] = {f"form.{name}": field["x-label"] for name, field in fields}
            known[tenant_id, key, each["version"]] = labels[key]
    return {place: text[call.language] for key in types for place, text in labels.get(key, {}).items()}


def answers_typed(call: PageCall, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed into the fields `form-<key>`. What fits no field's type goes on as it was typed, so that
    the service's refusal names it; what was left empty is no answer."""
    answers: dict[str, Any] = {}
    for key, field in properties.items():
        typed = call.text(f"form-{key}")
        match field["type"]:
            case "array":
                if chosen := call.form.getall(f"form-{key}", []):
                    answers[key] = chosen
            case "boolean" if typed in ("yes", "no"):
                answers[key] = typed == "yes"
            case "integer" if typed.isdecimal():
                answers[key] = int(typed)
            case "number" if typed:
                answers[key] = plain_number(typed, call.language)
            case _ if typed:
                answers[key] = typed
    return answers


def answers_in_fields(
    answers: Mapping[str, Any], properties: Mapping[str, Any], language: str
) -> dict[str, Any]:
    """As they stand in a form's fields."""
    return {key: _typed(answers[key], field, language) for key, field in properties.items() if key in answers}


def _typed(value: Any, field: Mapping[str, Any], language: str) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field["type"] == "number":
        return typed_number(str(value), language)
    return value if isinstance(value, list) else str(value)
