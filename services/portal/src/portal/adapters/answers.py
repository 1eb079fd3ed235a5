"""Convert answers to the form of a brief's type between what people type and what the services expect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import PageCall

from .amounts import plain_number, typed_number
from .client import part

MOST_TYPES: Final = 20
"""How many types have their fields named by label; fields of further types are named by key."""
_KEPT_FORMS: Final = 1000


async def form_labels(call: PageCall) -> dict[str, str]:
    """Return the labels of the types' form fields by their path in a brief, such as `form.formato`.

    A version of a type never changes, so each is fetched only once."""
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
    """Return the answers typed into the fields `form-<key>`. A value that does not fit its field's type is
    passed on unchanged, so that the service's refusal names it. Empty fields are left out."""
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
    """Return the answers as the form's fields show them."""
    return {key: _typed(answers[key], field, language) for key, field in properties.items() if key in answers}


def _typed(value: Any, field: Mapping[str, Any], language: str) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field["type"] == "number":
        return typed_number(str(value), language)
    return value if isinstance(value, list) else str(value)
