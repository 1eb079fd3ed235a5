"""Every service's OpenAPI document, compared with what the service answers.

Each endpoint is asked as the access table (`access/`) asks it, again with the version that it gave, and in
ways in which it refuses. Each answer's status is declared. A header of an answer is declared, and a header
that is declared for a success is in one of its answers.
"""

from __future__ import annotations

import importlib
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from optima_kit import db
from optima_kit.http.addresses import ON_EVERY_ANSWER
from optima_kit.http.openapi import openapi_document
from optima_kit.http.routes import Route
from optima_kit.testing import Client

from .access.table import PUBLIC, Row, World
from .conftest import EVERYTHING, SERVICES, Served
from .test_access import fill, rows_of, undo

pytestmark = pytest.mark.servers

OF_HTTP = {"Cache-Control", "Connection", "Content-Length", "Content-Type", "Date", "Transfer-Encoding"}
"""What HTTP itself has, whatever the endpoint."""
REPLAYED = "Idempotency-Replayed"

Answered = dict[tuple[str, int], list[set[str]]]
"""The names of the headers of each answer, by endpoint and status."""


def by_endpoint(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def declared_headers(operation: dict[str, Any], status: int) -> set[str]:
    return {name.title() for name in operation["responses"][str(status)].get("headers", {})}


def differences(document: dict[str, Any], answered: Answered) -> Iterator[str]:
    """What an answer has that the document doesn't declare, and the reverse."""
    operations = by_endpoint(document)
    for (endpoint, status), answers in answered.items():
        if str(status) not in operations[endpoint]["responses"]:
            yield f"{endpoint}: {status} is not declared"
            continue
        declared = declared_headers(operations[endpoint], status)
        carried = set().union(*answers)
        yield from (f"{endpoint}: {status} has {name}, undeclared" for name in sorted(carried - declared))
        if status < 400:
            missing = declared - carried - {REPLAYED}
            yield from (f"{endpoint}: {status} never has {name}" for name in sorted(missing))


class Asking:
    """Asks the endpoints of one service, and notes what comes."""

    def __init__(self, served: Served, world: World) -> None:
        self.served = served
        self.world = world
        self.answered: Answered = defaultdict(list)
        self.mighty = served.app.as_(world.person(privileges=EVERYTHING))

    async def ask(self, client: Client, endpoint: str, path: str, **options: Any) -> Any:
        response, _ = await client.request(endpoint.partition(" ")[0], path, **options)
        common = OF_HTTP | ON_EVERY_ANSWER.keys()
        headers = {name.title() for name in response.headers if name not in common}
        self.answered[endpoint, response.status].append(headers)
        return response

    def request(self, row: Row, **headers: str) -> dict[str, Any]:
        if isinstance(row.body, bytes):
            return {"data": row.body, "headers": {"Content-Type": row.media_type} | headers}
        if row.version:
            headers = {"If-Match": f'"{self.world.names[row.version]}"'} | headers
        body = {} if row.body is None else {"json": fill(row.body, self.world.names)}
        return body | {"headers": headers}

    async def do(self, row: Row) -> None:
        """What the table says, and, of what has a version, whether it has changed since."""
        path = fill(row.path, self.world.names)
        response = await self.ask(self.mighty, row.endpoint, path, **self.request(row))
        if row.method == "GET" and "ETag" in response.headers:
            unless = {"If-None-Match": response.headers["ETag"]}
            await self.ask(self.mighty, row.endpoint, path, headers=unless)

    async def do_twice(self, row: Row) -> bool:
        """The same request twice, as its key tells. Returns whether it was done; much that the table asks is
        not possible any more after something else that it asks."""
        path = fill(row.path, self.world.names)
        first, second = [
            await self.ask(self.mighty, row.endpoint, path, **self.request(row, **{"Idempotency-Key": path}))
            for _ in range(2)
        ]
        done: bool = first.status < 300
        if done:
            assert (second.status, second.headers.get(REPLAYED)) == (first.status, "true"), row.endpoint
        return done

    async def misuse(self, route: Route) -> None:
        """Without a token; with one, of what nobody has; with a body that isn't one; of a stale version."""
        endpoint = f"{route.method} {route.path}"
        kinds = {
            name: str(uuid4()) if kind.__name__ == "UUID" else "1" for name, kind in route.path_types.items()
        }
        path = fill(route.path, kinds)
        await self.ask(self.served.app.as_(None), endpoint, path)
        await self.ask(self.mighty, endpoint, path)
        await self.ask(self.mighty, endpoint, path, data=b"{", headers={"Content-Type": "application/json"})
        await self.ask(self.mighty, endpoint, path, json={}, headers={"If-Match": '"999"'})


@pytest.mark.parametrize("module", SERVICES)
async def test_answers_are_as_the_document_declares(
    serve: Any, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: Served = await serve(module)
    service = served.service
    document = json.loads(json.dumps(openapi_document(module, "1", service.routes)))
    routes = {f"{route.method} {route.path}": route for route in service.routes.items}
    world = World(served, served.tenant_id, uuid4(), uuid4())
    await importlib.import_module(f"tests.security.access.{module}").build(world)
    if service.reactions:
        await world.park()
    rows = [row for row in rows_of(module) if row.needs != PUBLIC and row.endpoint in routes]
    asking = Asking(served, world)
    with monkeypatch.context() as patch:
        patch.setattr(db, "commit", undo)
        for row in rows:
            await asking.do(row)
        for route in service.routes.items:
            await asking.misuse(route)
    repeatable = [row for row in rows if routes[row.endpoint].idempotent]
    assert any([await asking.do_twice(row) for row in repeatable])
    assert sorted(set(differences(document, asking.answered))) == []


def test_what_differs_is_found() -> None:
    declared = {"200": {"headers": {"ETag": {}}}, "404": {"headers": {"Retry-After": {}}}}
    document = {"paths": {"/v1/notes": {"get": {"responses": declared}}}}
    answered = {("GET /v1/notes", 200): [{"Location"}], ("GET /v1/notes", 201): [set()]}
    assert list(differences(document, answered)) == [
        "GET /v1/notes: 200 has Location, undeclared",
        "GET /v1/notes: 200 never has Etag",
        "GET /v1/notes: 201 is not declared",
    ]
    assert (
        list(differences(document, {("GET /v1/notes", 200): [{"Etag"}], ("GET /v1/notes", 404): [set()]}))
        == []
    )
