"""Builds the OpenAPI 3.1 document of a service from the same models that check its requests."""

from __future__ import annotations

import typing
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from ..field_docstrings import field_docstrings
from .requests import FORM
from .routes import Content, Route, Routes

_AS_FORM_PROBLEM = {
    "application/json": {
        "schema": {
            "description": "RFC 6749 §5.2, for whoever sent a form.",
            "allOf": [{"$ref": "#/components/schemas/Problem"}],
            "required": ["error", "error_description"],
            "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
        }
    }
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem, in Italian or English as Accept-Language asks.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "line": {"type": "integer"},
                },
            },
        },
    },
}

_PATH_SCHEMAS: dict[type, dict[str, Any]] = {
    UUID: {"type": "string", "format": "uuid"},
    str: {"type": "string", "minLength": 1},
    int: {"type": "integer"},
}


class _Schemas(GenerateJsonSchema):
    """Generates schemas in which a field of an answer that may be None is optional and never null, since
    answers leave absent values out, and in which fields have their docstrings as descriptions."""

    def model_field_schema(self, schema: core_schema.ModelField) -> JsonSchemaValue:
        if self.mode == "serialization" and (present := _without_none(schema["schema"])):
            return self.generate_inner(present)
        return super().model_field_schema(schema)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        described = super().model_schema(schema)
        meanings = field_docstrings(schema["cls"])
        for name, field in described.get("properties", {}).items():
            if name in meanings:
                field.setdefault("description", meanings[name])
        return described

    def field_is_required(self, field: Any, total: bool) -> bool:
        absent = self.mode == "serialization" and _without_none(field["schema"]) is not None
        return not absent and super().field_is_required(field, total)


def _without_none(schema: Any) -> Any:
    """Return the part of a field's schema without None, or None if the field can't be None."""
    while schema["type"] == "default":
        schema = schema["schema"]
    return schema["schema"] if schema["type"] == "nullable" else None


_HEADERS: dict[str, dict[str, Any]] = {
    "Content-Disposition": {"description": "The file's name", "schema": {"type": "string"}},
    "Content-Language": {
        "description": "The language of the texts",
        "schema": {"type": "string", "enum": ["it", "en"]},
    },
    "ETag": {"description": "The version, for If-Match and If-None-Match", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "Present if the request was answered before, and this is the stored answer",
        "schema": {"type": "string", "const": "true"},
    },
    "Location": {"description": "Where it is read", "schema": {"type": "string", "format": "uri-reference"}},
    "Retry-After": {"description": "Seconds until it is worth another try", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to sign in", "schema": {"type": "string"}},
}
_PROBLEM_HEADERS: dict[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

_BASIC: dict[str, str] = {"type": "http", "scheme": "basic"}


def openapi_document(title: str, version: str, routes: Routes) -> dict[str, Any]:
    """Build the whole document. Schemas are named after their models."""
    models = _models(routes)
    keys, definitions = models_json_schema(
        [(model, mode) for model, mode in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Schemas,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes.items:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, keys)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": "/", "description": "Where this document comes from"}],
        "tags": [{"name": name} for name in sorted({_tag(route) for route in routes.items})],
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Problem": _PROBLEM},
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                **({"basic": _BASIC} if any(route.password for route in routes.items) else {}),
            },
        },
    }


def _models(routes: Routes) -> list[tuple[type[BaseModel], typing.Literal["validation", "serialization"]]]:
    found: dict[tuple[type[BaseModel], typing.Literal["validation", "serialization"]], None] = {}
    for route in routes.items:
        for model in (route.body, route.query):
            if isinstance(model, type) and issubclass(model, BaseModel):
                found[model, "validation"] = None
        if isinstance(route.returns, type) and issubclass(route.returns, BaseModel):
            found[route.returns, "serialization"] = None
    return list(found)


def _tag(route: Route) -> str:
    """Return the tag of an endpoint: /v1/briefs/{brief_id}/prices belongs to briefs."""
    return route.path.removeprefix("/v1/").strip("/.").partition("/")[0]


def _operation(route: Route, keys: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [_tag(route)],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, keys),
    }
    if route.description:
        operation["description"] = route.description
    if route.privilege:
        operation["x-privilege"] = route.privilege
    if route.password:
        operation["security"] = [{"basic": []}]
    elif not route.public:
        operation["security"] = [{"bearer": []}]
    if route.body is bytes:
        content = {kind: _raw(kind) for kind in route.consumes}
        operation["requestBody"] = {"required": True, "content": content}
    elif route.body is not None:
        # Forms are left out: their standard describes them, and generators support one kind of body per
        # operation.
        described = [kind for kind in route.consumes if kind != FORM]
        content = {kind: {"schema": keys[route.body, "validation"]} for kind in described}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _raw(media_type: str) -> dict[str, Any]:
    """Return the schema of a raw body, which the handler itself reads."""
    if media_type.endswith(("json", "yaml")):
        return {"schema": {"type": "object"}}
    return {"schema": {"type": "string", "format": "binary"}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS[kind]}
        for name, kind in route.path_types.items()
    ]
    if route.query is not None:
        schema = route.query.model_json_schema(
            ref_template="#/components/schemas/{model}", schema_generator=_Schemas
        )
        required = set(schema.get("required", []))
        definitions = schema.get("$defs", {})
        for name, field in schema["properties"].items():
            meaning = field.pop("description", None)
            parameters.append(
                {
                    "name": name,
                    "in": "query",
                    "required": name in required,
                    "schema": _inlined(field, definitions),
                    **({"description": meaning} if meaning else {}),
                }
            )
    if route.idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
            }
        )
    if route.if_match:
        parameters.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": route.if_match == "required",
                "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'},
            }
        )
    return parameters


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return {key: _inlined(value, definitions) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(value, definitions) for value in schema]
    return schema


def _responses(route: Route, keys: Any) -> dict[str, Any]:
    replayed = ("Idempotency-Replayed",) if route.idempotent else ()
    success: dict[str, Any] = {"description": "Done", "headers": _headers(*route.headers, *replayed)}
    if isinstance(route.returns, type) and issubclass(route.returns, Content):
        success["content"] = {"*/*": {}}
    elif route.returns is not None:
        success["content"] = {"application/json": {"schema": keys[route.returns, "serialization"]}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {str(route.status): success}
    if route.may_create:
        responses["201"] = success | {"description": "Created"}
    if not route.writes and "ETag" in route.headers:
        responses["304"] = {"description": "Unchanged since If-None-Match", "headers": _headers("ETag")}
    for status, reason in _problem_statuses(route):
        headers = {"headers": _headers("Content-Language", *_PROBLEM_HEADERS.get(status, ()))}
        told = _AS_FORM_PROBLEM if status in (400, 401) and route.form_problem is not None else {}
        responses[str(status)] = {"description": reason, **headers, "content": problem | told}
    return responses


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem_statuses(route: Route) -> list[tuple[int, str]]:
    statuses = [(429, "Too many requests"), (503, "The database or the issuer does not answer")]
    if route.body is not None or route.idempotent or route.if_match:
        statuses.append((400, "Can't be read"))
    if not route.public:
        statuses += [(401, "No valid token"), (403, "Privilege missing")]
    if route.path_types:
        statuses.append((404, "No such thing, or none that the caller may see"))
    if route.writes:
        statuses += [(404, "No such thing"), (409, "Not possible in the present state")]
    if route.body is not None:
        statuses += [(408, "Too slow"), (413, "Too large"), (415, "Media type not accepted")]
    if route.body is not None or route.query is not None or route.idempotent:
        statuses.append((422, "Invalid data"))
    if route.public and route.writes:
        statuses.append((401, "Not let in"))
    if route.password:
        statuses += [(401, "User or password not recognised"), (409, "Not possible in the present state")]
    if route.writes and not route.public:
        statuses += [(412, "Stale version"), (428, "If-Match missing")]
    return sorted(set(statuses))
