"""The same question is answered alike everywhere: what all OpenAPI documents have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ..openapi_documents import openapi_documents
from ..security.conftest import SERVICES

pytestmark = pytest.mark.xdist_group("openapi documents")

PERSON = re.compile(
    r"(actor|approver|assignee|author|delegate|delegator|manager|on_behalf_of|owner|person|principal|requester"
    r"|successor|(?!replaced)\w+_by)(_id|_ids|_name)?"
)
"""Fields that name people."""
NO_LISTS = {"GET /v1/events"}
"""The feed goes on after an event that its reader names, and shows events as they are published."""
AS_PUBLISHED = {"EventView", "FeedView", "Attachment", "Item"}
"""Models with the names that stand in published events: what was frozen with its hash is shown as it is."""

Document = dict[str, Any]


def parts(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """The models of all answers, by name."""
    schemas, seen = document["components"]["schemas"], set()

    def references(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            reference = schema.get("$ref")
            if isinstance(reference, str) and reference.startswith("#/components/schemas/"):
                yield reference.rpartition("/")[2]
            schema = list(schema.values())
        if isinstance(schema, list):
            for each in schema:
                yield from references(each)

    waiting = [
        name
        for path in document["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for name in references(answer)
    ]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name, schemas[name]
            waiting += references(schemas[name])


def fields(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in parts(document):
        if name in AS_PUBLISHED:
            continue
        for field, shape in schema.get("properties", {}).items():
            yield name, field, shape


def is_id(shape: dict[str, Any]) -> bool:
    return shape.get("format") == "uuid" or (shape.get("type") == "array" and is_id(shape.get("items", {})))


def people(document: Document) -> Iterator[str]:
    """A person is {"id", "name"} under the part that they play."""
    for model, field, shape in fields(document):
        plain = is_id(shape) or field.endswith("_name")
        if plain and PERSON.fullmatch(field):
            yield f"{model}.{field}"


def ids(document: Document) -> Iterator[str]:
    """`id` is the thing's own, `<thing>_id` another's."""
    for model, field, shape in fields(document):
        own = re.sub(r"(?<!^)(?=[A-Z])", "_", re.sub(r"(Summary)?View$", "", model)).lower()
        if field == f"{own}_id" or (is_id(shape) and not re.fullmatch(r"(\w+_)?ids?", field)):
            yield f"{model}.{field}"


def pages(document: Document) -> Iterator[str]:
    """A list is cut by a cursor, and nothing stands beside its rows but the next one and what may be done."""
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        if "get" not in operations or path.endswith("}") or f"GET {path}" in NO_LISTS:
            continue
        content = operations["get"]["responses"].get("200", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {})
        shown = schemas.get(reference.get("$ref", "").rpartition("/")[2], reference)
        asked = {each["name"] for each in operations["get"]["parameters"]}
        rows = shown.get("properties", {})
        bare = shown.get("type") == "array"
        if bare or (
            "items" in rows and not (rows.keys() == {"items", "next_cursor", "actions"} and "cursor" in asked)
        ):
            yield f"GET {path}"


def absent_fields(document: Document) -> Iterator[str]:
    """What has no value is left out, never null."""
    for model, field, shape in fields(document):
        if may_be_null(shape):
            yield f"{model}.{field}"


def may_be_null(shape: Any) -> bool:
    """Whether it, or one of its entries, may be null."""
    if not isinstance(shape, dict):
        return False
    kinds = shape.get("anyOf", []) + shape.get("oneOf", []) + shape.get("allOf", [])
    parts = [*kinds, shape.get("items"), shape.get("additionalProperties")]
    return "null" in (shape.get("type") or "") or any(map(may_be_null, parts))


def versions(document: Document) -> Iterator[str]:
    """The version that somebody saw comes in If-Match, and not in the body."""
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method in operations.keys() & {"put", "patch", "delete", "post"}:
            operation = operations[method]
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            seen = {"expected_version"} if method == "post" else {"version", "expected_version"}
            if seen & schemas.get(reference, {}).get("properties", {}).keys():
                yield f"{method.upper()} {path}"


RULES: tuple[Callable[[Document], Iterator[str]], ...] = (people, ids, pages, absent_fields, versions)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_answers_have_one_shape(rule: Callable[[Document], Iterator[str]], service: str) -> None:
    assert sorted(set(rule(openapi_documents()[service]))) == []


ID = {"type": "string", "format": "uuid"}
TEXT = {"type": "string"}
WRONG: list[tuple[Callable[[Document], Iterator[str]], dict[str, Any]]] = [
    (people, {"approver_id": ID}),
    (people, {"approver_ids": {"type": "array", "items": ID}}),
    (people, {"confirmed_by": ID}),
    (people, {"requester_name": TEXT}),
    (ids, {"order": ID}),
    (ids, {"brief_id": ID}),
    (ids, {"orders": {"type": "array", "items": ID}}),
    (absent_fields, {"title": {"anyOf": [TEXT, {"type": "null"}]}}),
    (absent_fields, {"title": {"type": ["string", "null"]}}),
    (absent_fields, {"titles": {"type": "array", "items": {"anyOf": [TEXT, {"type": "null"}]}}}),
    (absent_fields, {"titles": {"type": "object", "additionalProperties": {"type": ["string", "null"]}}}),
    (pages, {"items": {"type": "array", "items": TEXT}}),
    (pages, {"items": {"type": "array", "items": TEXT}, "next_cursor": TEXT, "actions": TEXT, "total": TEXT}),
    (versions, {"expected_version": {"type": "integer"}}),
]


def document_with(properties: dict[str, Any]) -> Document:
    """A list, and commands on it, that take and answer with one model of these properties."""
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/BriefView"}}}}
    operation = {"parameters": [], "requestBody": content, "responses": {"200": content}}
    paths = {"/v1/briefs": {"get": operation, "post": operation}, "/v1/briefs/{brief_id}": {"put": operation}}
    return {"paths": paths, "components": {"schemas": {"BriefView": {"properties": properties}}}}


@pytest.mark.parametrize(("rule", "properties"), WRONG)
def test_another_shape_is_noticed(
    rule: Callable[[Document], Iterator[str]], properties: dict[str, Any]
) -> None:
    assert list(rule(document_with(properties)))
    right = {"id": ID, "order_id": ID, "order_ids": {"type": "array", "items": ID}, "title": TEXT}
    assert list(rule(document_with(right))) == []
