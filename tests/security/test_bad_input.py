"""Bad input, for every endpoint of every service: a clear problem, never a 500, and nothing written.

The endpoints are read from the services themselves, so that a new one is tested from its first day.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from operator import itemgetter
from typing import Any, TypeVar

import asyncpg
import pytest
from pydantic import BaseModel

from optima_kit.testing.nights import sampled

from .conftest import SERVICES, Served

pytestmark = pytest.mark.servers

T = TypeVar("T")

NASTY: dict[str, Any] = {
    "null": None,
    "a number": -7,
    "a huge number": 10**40,
    "a fraction": 0.1,
    "a boolean": True,
    "a list": [[]],
    "an object": {"x": {}},
    "empty text": "",
    "blank text": "   ",
    "long text": "x" * 70_000,
    "text with NUL": "a\x00b",
    "negative money": "-1.00",
    "money with mills": "1.0001",
    "not a number": "NaN",
    "infinity": "Infinity",
    "an impossible date": "2026-02-30",
    "a date of year 0": "0000-01-01",
    "a date of year 1": "0001-01-01",
    "the last date": "9999-12-31",
    "a far date": "9999-12-31T23:59:59+00:00",
    "a date after the last": "9999-12-31T23:59:59-14:00",
    "a date before the first": "0001-01-01T00:00:00+14:00",
    "no identifier": "00000000-0000-0000-0000-00000000000g",
    "an unknown identifier": "00000000-0000-4000-8000-000000000000",
    "markup": "<script>alert(1)</script>",
    "SQL": "'; DROP TABLE outbox; --",
    "a path": "../../etc/passwd",
    "a right-to-left mark": "\u202egnp.exe",
}


WRITTEN = """
SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM idempotency_keys)
"""
"""What every accepted command adds to."""


def endpoints(served: Served) -> Iterator[tuple[Any, str]]:
    """Each route with an address that leads to nothing of this tenant's."""
    for route in served.service.routes.items:
        path = route.path
        for name, kind in route.path_types.items():
            value = {uuid.UUID: str(uuid.uuid4()), int: "1", str: "nobody-knows-me"}[kind]
            path = path.replace(f"{{{name}}}", value)
        yield route, path


def example(schema: dict[str, Any], definitions: dict[str, Any], depth: int = 0) -> Any:
    """Something that comes near a JSON schema."""
    if "$ref" in schema:
        return example(definitions[schema["$ref"].rpartition("/")[2]], definitions, depth)
    for options in ("anyOf", "oneOf", "allOf"):
        if options in schema:
            return example(schema[options][0], definitions, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("examples"):
        return schema["examples"][0]
    kind = schema.get("type")
    if kind == "object":
        if depth > 6:
            return {}
        properties = schema.get("properties", {})
        return {name: example(inner, definitions, depth + 1) for name, inner in properties.items()}
    if kind == "array":
        return [example(schema.get("items", {}), definitions, depth + 1)] if depth < 6 else []
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "number":
        return 1
    if kind == "boolean":
        return True
    formats = {
        "uuid": str(uuid.uuid4()),
        "date": "2031-05-06",
        "date-time": "2031-05-06T07:08:09+00:00",
    }
    return formats.get(schema.get("format", ""), "abc")


def mutations(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one place in it made nasty, for every place and every nastiness."""
    if where:
        for name, bad in NASTY.items():
            yield f"{where} is {name}", bad
    if isinstance(value, dict):
        for key, inner in value.items():
            for what, changed in mutations(inner, f"{where}.{key}" if where else key):
                yield what, {**value, key: changed}
        yield f"{where or 'body'} has an unknown field", {**value, "surprise": 1}
        for key in value:
            yield f"{where or 'body'} lacks {key}", {k: v for k, v in value.items() if k != key}
    elif isinstance(value, list) and value:
        for what, changed in mutations(value[0], f"{where}[0]"):
            yield what, [changed, *value[1:]]


def is_problem(response: Any, body: Any) -> bool:
    return (
        response.content_type == "application/problem+json"
        and body["status"] == response.status
        and bool(body["detail"])
        and bool(body["title"])
        and "{" not in body["detail"]
    )


def some(route: Any, requests: Iterable[T], one_in: int) -> list[T]:
    """Of what an endpoint is asked that the kit answers for all: each endpoint's lot is another."""
    return sampled(requests, one_in, lambda each: f"{route.method} {route.path} {str(each)[:60]}")


def json_endpoints(served: Served) -> Iterator[tuple[Any, str, Any]]:
    for route, path in endpoints(served):
        if isinstance(route.body, type) and issubclass(route.body, BaseModel):
            schema = route.body.model_json_schema()
            yield route, path, example(schema, schema.get("$defs", {}))


@pytest.mark.parametrize("module", SERVICES)
async def test_what_cannot_be_read_is_refused(serve, module):
    served = await serve(module)
    client = served.app.as_(served.mighty)
    before = await served.rows()
    for route, path, _ in json_endpoints(served):
        headers = {"Content-Type": "application/json", "If-Match": '"1"'}
        bodies = [
            ("{", 400),
            ("", 400),
            ("\ufeff{}", 400),
            ("[" * 5000, 400),
            ("7", 422),
            ('"text"', 422),
            ("[]", 422),
            ("null", 422),
            (json.dumps({"surprise": 1}), 422),
            ('{"x": "' + "x" * (route.max_bytes + 1) + '"}', 413),
        ]
        for text, status in some(route, bodies, 5):
            response, body = await client.request(route.method, path, data=text.encode(), headers=headers)
            assert response.status == status, f"{route.method} {route.path} {text[:20]!r}: {body}"
            assert is_problem(response, body), f"{route.method} {route.path} {text[:20]!r}: {body}"
        wrong = {"Content-Type": "text/plain", "If-Match": '"1"'}
        response, body = await client.request(route.method, path, data=b"{}", headers=wrong)
        assert response.status == 415, f"{route.method} {route.path}: {body}"
        for encoding in some(route, ("gzip", "deflate", "br", "zstd", "nonsense"), 5):
            response, body = await client.request(
                route.method, path, data=b"{}", headers=headers | {"Content-Encoding": encoding}
            )
            assert response.status == 415, f"{route.method} {route.path} {encoding}: {body}"
            assert is_problem(response, body), f"{route.method} {route.path} {encoding}: {body}"
    assert await served.rows() == before


@pytest.mark.parametrize("module", SERVICES)
async def test_a_nasty_value_in_any_field_is_never_a_fault_of_ours(serve, module):
    served = await serve(module)
    client = served.app.as_(served.mighty)
    root = await asyncpg.connect(served.database.superuser_url)
    try:
        for route, path, good in json_endpoints(served):
            written = await root.fetchval(WRITTEN)
            bodies = ((f"{route.method} {route.path}: {what}", bad) for what, bad in mutations(good))
            for what, bad in sampled(bodies, 16, itemgetter(0)):
                response, body = await client.request(
                    route.method, path, json=bad, headers={"If-Match": '"1"'}
                )
                place = f"{what}: {response.status} {body}"
                assert response.status < 500, place
                if response.status >= 400:
                    assert is_problem(response, body), place
                now = await root.fetchval(WRITTEN)
                if response.status >= 400 and not route.public:
                    assert now == written, place
                written = now
    finally:
        await root.close()


def unsigned(token: str) -> str:
    """The same claims under `alg: none`."""
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"test"}').decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."


@pytest.mark.parametrize("module", SERVICES)
async def test_nobody_gets_in_without_a_good_token(serve, module):
    served = await serve(module)
    people, mighty = served.app.people, served.mighty
    stranger = type(people)()
    tokens = {
        "expired": people.token(mighty, lifetime=timedelta(minutes=-10)),
        "not yet valid": people.token(mighty, nbf=4_000_000_000, exp=4_000_000_600),
        "forged": stranger.token(mighty),
        "another issuer's": people.token(mighty, iss="http://elsewhere"),
        "meant for others": people.token(mighty, aud="elsewhere"),
        "unsigned": unsigned(people.token(mighty)),
        "garbage": "x.y.z",
    }
    for route, path in endpoints(served):
        if route.public:
            continue
        response, body = await served.app.as_(None).request(route.method, path, json={})
        assert response.status == 401, f"{route.method} {route.path} without a token: {body}"
        for what in some(route, tokens, 7):
            response, body = await served.app.with_token(tokens[what]).request(route.method, path, json={})
            assert response.status == 401, f"{route.method} {route.path} with a token that is {what}: {body}"
            assert is_problem(response, body)


@pytest.mark.parametrize("module", SERVICES)
async def test_every_endpoint_that_asks_for_a_privilege_refuses_those_without(serve, module):
    served = await serve(module)
    client = served.app.as_(served.powerless)
    for route, path in endpoints(served):
        if route.privilege is None:
            continue
        response, body = await client.request(route.method, path, json={}, headers={"If-Match": '"1"'})
        assert (response.status, body["code"]) == (403, "missing_privilege"), f"{route.method} {route.path}"


@pytest.mark.parametrize("module", SERVICES)
async def test_headers_are_checked_before_anything_is_done(serve, module):
    served = await serve(module)
    client = served.app.as_(served.mighty)
    token = {"Authorization": f"Bearer {served.app.people.token(served.mighty)}"}
    for route, path, good in json_endpoints(served):
        if route.if_match == "required":
            response, body = await client.request(route.method, path, json=good)
            assert response.status in (422, 428), f"{route.method} {route.path}: {body}"
        if route.if_match:
            response, body = await client.request(route.method, path, json=good, headers={"If-Match": "x"})
            assert response.status in (400, 422), f"{route.method} {route.path}: {body}"
        if route.idempotent:
            response = await served.app.http.request(route.method, path, json=good, headers=token)
            assert response.status in (400, 422), f"{route.method} {route.path}: {await response.text()}"
            for key in some(route, ("", "ä", "x" * 129, "two words"), 4):
                response, body = await client.request(
                    route.method, path, json=good, headers={"Idempotency-Key": key}
                )
                assert response.status in (400, 422), f"{route.method} {route.path}: {key!r} {body}"


@pytest.mark.parametrize("module", SERVICES)
async def test_what_is_not_there_is_absent_and_queries_are_checked(serve, module):
    served = await serve(module)
    client = served.app.as_(served.mighty)
    for route, path in endpoints(served):
        if route.method != "GET" or route.public:
            continue
        if uuid.UUID in route.path_types.values():
            for nowhere in (path, route.path.replace("{", "").replace("}", "")):
                response, body = await client.get(nowhere)
                assert response.status == 404, f"GET {route.path} as {nowhere}: {response.status} {body}"
                assert is_problem(response, body)
        queries = ("surprise=1", "limit=0", "limit=10000000", "limit=many", "cursor=x", "cursor=%00")
        for query in some(route, queries, 3):
            response, body = await client.get(f"{path}?{query}")
            assert response.status < 500, f"GET {route.path}?{query}: {body}"
            if route.query is not None:
                assert response.status in (404, 422), f"GET {route.path}?{query}: {response.status} {body}"
