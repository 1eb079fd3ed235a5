"""The same thing is typed the same wherever it is sent: what one service takes, its neighbours can hold."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from optima_local.layout import ROOT

from ..openapi_documents import openapi_documents

pytestmark = pytest.mark.xdist_group("openapi documents")

SHARED = ("kind", "description", "quantity", "unit", "destination", "customer", "deadline", "warehouse")
"""What travels from a brief to its order, its goods and its shipments."""


def shape(schema: Any) -> Any:
    """What a value must be, without what is said about it."""
    if isinstance(schema, dict):
        return {
            key: shape(value)
            for key, value in schema.items()
            if key not in ("title", "description", "default", "examples")
        }
    return [shape(each) for each in schema] if isinstance(schema, list) else schema


def required(schema: Any) -> Any:
    """The shape of an optional value where it is given."""
    found = shape(schema)
    given = [each for each in found.get("anyOf", []) if each.get("type") != "null"]
    if not given:
        return found
    return given[0] if len(given) == 1 else {**found, "anyOf": given}


def test_what_is_sent_has_one_type_in_all_services() -> None:
    types: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in SHARED}
    for name in ("brief", "production", "logistics"):
        document = openapi_documents()[name]
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                for model in bodies(document, operation):
                    for field, schema in model.get("properties", {}).items():
                        if field in types:
                            types[field][repr(required(schema))].add(f"{method.upper()} {name}{path}")
    assert all(types.values())
    assert {field: dict(found) for field, found in types.items() if len(found) > 1} == {}


def bodies(document: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The models of a request, and all that they are made of."""
    schemas, found = document["components"]["schemas"], {}

    def collect(schema: Any) -> None:
        if isinstance(schema, dict):
            name = str(schema.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = schemas[name]
                collect(schemas[name])
            for each in schema.values():
                collect(each)
        elif isinstance(schema, list):
            for each in schema:
                collect(each)

    collect(operation.get("requestBody", {}))
    return list(found.values())


def versions_read(tree: ast.Module) -> dict[str, tuple[bool, bool]]:
    """By endpoint: whether it declares `if_match`, and whether it or what it calls here reads the version."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    reading: set[str] = set()
    for _ in functions:
        reading |= {
            name
            for name, function in functions.items()
            for node in ast.walk(function)
            if (isinstance(node, ast.Attribute) and node.attr in ("expected_version", "required_version"))
            or (isinstance(node, ast.Name) and node.id in reading)
        }
    declared = {
        name: [keyword.arg for call in function.decorator_list for keyword in getattr(call, "keywords", ())]
        for name, function in functions.items()
        if any("routes." in ast.unparse(call) for call in function.decorator_list)
    }
    return {name: ("if_match" in keywords, name in reading) for name, keywords in declared.items()}


@pytest.mark.parametrize(
    "file", sorted(ROOT.glob("services/*/src/*/adapters/http*.py")), ids=lambda f: f.stem
)
def test_a_version_is_declared_where_it_is_read_and_nowhere_else(file: Path) -> None:
    found = versions_read(ast.parse(file.read_text(encoding="utf-8")))
    assert {name: each for name, each in found.items() if each[0] != each[1]} == {}


def test_an_undeclared_version_is_noticed() -> None:
    text = """
@routes.put("/v1/things", privilege="x")
async def put_thing(call): return await keep(call)
async def keep(call): return call.expected_version
"""
    assert versions_read(ast.parse(text)) == {"put_thing": (False, True)}
