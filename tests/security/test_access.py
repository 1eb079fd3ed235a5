"""Every endpoint of every service, asked by every role, for one's own things, another's and another tenant's.

The endpoints come from the services, what is expected from the table in `access/`: an endpoint without a
row fails. Nothing that a request changes is kept, so that each finds the tenant as it was built.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.privileges import ADMIN_ONLY, BUILT_IN_ROLES
from optima_kit import db
from optima_kit.actor import Actor
from optima_kit.http.routes import Call, Route, Routes
from optima_kit.testing.nights import SAMPLING, sampled

from .access.table import ABSENT, DONE, PARKED, PUBLIC, Row, World, held_by, unknown_names
from .conftest import EVERYTHING, SERVICES, Served

pytestmark = pytest.mark.servers

_NAME = re.compile(r"{([a-z_]+)}")
_FLEETING = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)"
)

_IDENTIFIER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")


def rows_of(module: str) -> tuple[Row, ...]:
    rows: tuple[Row, ...] = importlib.import_module(f"tests.security.access.{module}").ROWS
    return rows + PARKED


def gaps(routes: Iterable[Route], rows: Iterable[Row]) -> tuple[set[str], set[str]]:
    """Endpoints without a row, and rows without an endpoint."""
    declared = {f"{route.method} {route.path}" for route in routes}
    told = {row.endpoint for row in rows}
    return declared - told, told - declared


@dataclass
class Asked:
    """One request as somebody, and what came of it."""

    row: Row
    actor: Actor
    names: Mapping[str, str]
    status: int = 0
    answer: Any = None
    text: str = ""

    def __str__(self) -> str:
        who = "+".join(sorted(self.actor.roles))
        return (
            f"{self.row.method} {fill(self.row.path, self.names)} as {who}: {self.status} {self.text[:200]}"
        )

    @property
    def code(self) -> str:
        return self.answer.get("code", "") if isinstance(self.answer, dict) else ""

    @property
    def shape(self) -> tuple[int, str]:
        """What may be told of something that is not there: free of what was asked, and of the moment."""
        text = self.text
        for value in sorted(self.names.values(), key=len, reverse=True):
            text = text.replace(value, "…") if len(value) > 2 else text
        return self.status, _FLEETING.sub("…", text)


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """The value with the world's names in their places."""
    if isinstance(value, str):
        if value.startswith("$"):
            return names[value[1:]]
        return _NAME.sub(lambda found: names[found[1]], value)
    if isinstance(value, dict):
        return {key: fill(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, names) for inner in value]
    return value


async def ask(world: World, row: Row, actor: Actor, names: Mapping[str, str]) -> Asked:
    options: dict[str, Any] = {"headers": {}}
    if isinstance(row.body, bytes):
        options["data"] = row.body
        options["headers"]["Content-Type"] = row.media_type
    elif row.body is not None:
        options["json"] = fill(row.body, names)
    if row.version:
        options["headers"]["If-Match"] = f'"{names[row.version]}"'
    client = world.served.app.as_(actor)
    response, answer = await client.request(row.method, fill(row.path, names), **options)
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else json.dumps(answer)
    return Asked(row, actor, names, response.status, answer, text)


def names_of(row: Row) -> set[str]:
    """The things that the request names."""
    return set(_NAME.findall(row.path)) | set(re.findall(r'"\$([a-z_]+)"', json.dumps(row.body, default=str)))


def holders(world: World, row: Row) -> Iterator[tuple[str, frozenset[str]]]:
    """The built-in roles, and some of the tenant's own: with exactly what it takes, or all but a part.
    The latter bound what may be; of the former a sample is enough by day."""
    for role in sampled(BUILT_IN_ROLES, 8, lambda role: f"{row.endpoint} {role}"):
        yield role, held_by(role)
    if row.needs is not None:
        least = frozenset({row.needs, row.scope.own} - {""})
        yield "exactly", least | row.also
        yield "all-but", frozenset(EVERYTHING - {row.needs})
        if row.also:
            yield "too-little", least


@dataclass
class Findings:
    """What was not as the table says."""

    wrong: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    requests: int = 0

    def expect(self, holds: bool, what: str, asked: Asked) -> None:
        if not holds:
            self.wrong.append(f"{what}: {asked}")

    def judge(self, world: World, asked: Asked, expected: str) -> None:
        """One answer about what is there."""
        self.requests += 1
        row, held = asked.row, asked.actor.privileges
        if row.needs is not None and row.needs not in held:
            self.expect((asked.status, asked.code) == (403, "missing_privilege"), "lets in", asked)
        elif expected == DONE and not row.also <= held:
            self.expect(asked.status == 403, "lets in", asked)
        elif expected == DONE:
            self.expect(asked.status < 300, "refuses", asked)
            if asked.status < 300:
                self.done.add(f"{row.endpoint} {row.at}")
        elif row.within:
            self.expect(
                asked.status == 200 and (expected == ABSENT or expected in asked.text), "not told", asked
            )
        elif expected == ABSENT:
            self.expect(asked.status == 404, "not absent", asked)
        else:
            self.expect((asked.status, asked.code) == (403, expected), f"not {expected}", asked)

    def read(self, world: World, asked: Asked, *, owner: bool) -> None:
        """What an answer must not tell."""
        held, sent = asked.actor.privileges, json.dumps(asked.row.body, default=str)
        # A random identifier may hold a secret's digits by chance.
        told = _IDENTIFIER.sub("", asked.text)
        for privilege, texts in world.secrets.items():
            if privilege in held or any(text in sent for text in texts):
                continue
            for text in texts:
                self.expect(text not in told, f"tells {text}", asked)
        if asked.status >= 300:
            return
        for name, scope in asked.row.shows.items():
            shown = scope.outcome(held, owner=owner) == DONE
            self.expect((world.names[name] in asked.text) == shown, f"{name} shown: {not shown}", asked)


def test_an_endpoint_that_the_table_forgot_is_found():
    routes = Routes()

    @routes.get("/v1/secrets/{secret_id}")
    async def show(call: Call[Any], secret_id: UUID) -> None: ...

    assert gaps(routes.items, ()) == ({"GET /v1/secrets/{secret_id}"}, set())
    assert gaps((), [Row("GET /v1/secrets/{secret_id}", None)]) == (set(), {"GET /v1/secrets/{secret_id}"})


@pytest.mark.parametrize("module", SERVICES)
async def test_every_endpoint_has_a_row_and_every_row_an_endpoint(serve, module):
    served: Served = await serve(module)
    without_row, without_endpoint = gaps(served.service.routes.items, rows_of(module))
    if not served.service.reactions:
        without_endpoint -= {row.endpoint for row in PARKED}
    assert (without_row, without_endpoint) == (set(), set())


@pytest.mark.parametrize("module", SERVICES)
async def test_nobody_gets_at_what_is_not_theirs(serve, module, monkeypatch):
    served: Served = await serve(module)
    build = importlib.import_module(f"tests.security.access.{module}").build
    owner, colleague = uuid4(), uuid4()
    ours = World(served, served.tenant_id, owner, colleague)
    theirs = World(served, uuid4(), owner, colleague)
    for world in (ours, theirs):
        await build(world)
        if served.service.reactions:
            await world.park()
    monkeypatch.setattr(db, "commit", undo)

    found = Findings()
    foreign = {value for name, value in theirs.names.items() if _FLEETING.fullmatch(value)}
    nobodys = unknown_names(ours.names)
    declared = {f"{route.method} {route.path}" for route in served.service.routes.items}
    rows = [row for row in rows_of(module) if row.needs != PUBLIC and row.endpoint in declared]
    for row in rows:
        for role, held in holders(ours, row):
            for is_owner in (True, False):
                person_id = ours.owner if is_owner else ours.colleague
                actor = ours.person(role, person_id=person_id, privileges=set(held))
                asked = await ask(ours, row, actor, ours.names)
                expected = row.scope.outcome(held, owner=is_owner)
                found.judge(ours, asked, expected)
                found.read(ours, asked, owner=is_owner)
                for value in foreign:
                    found.expect(value not in asked.text, "tells of another tenant's", asked)
                if SAMPLING and asked.code == "missing_privilege":
                    break  # before anything is looked for: to whom and of what makes no difference
                if not names_of(row):
                    continue
                unknown = await ask(ours, row, actor, nobodys)
                if expected == ABSENT:
                    found.expect(asked.shape == unknown.shape, f"not as if absent ({unknown.status})", asked)
                if not is_owner:
                    continue
                elsewhere = await ask(ours, row, actor, theirs.names)
                found.requests += 2
                found.expect(
                    elsewhere.shape == unknown.shape, f"not as if absent ({unknown.status})", elsewhere
                )
                found.expect(
                    elsewhere.status >= 400 or row.makes or row.empty_elsewhere or row.within,
                    "another tenant's",
                    elsewhere,
                )
    never = {f"{row.endpoint} {row.at}" for row in rows} - found.done
    assert not found.wrong, f"{len(found.wrong)} of {found.requests}:\n" + "\n".join(found.wrong[:12])
    assert not never, f"nobody succeeded at: {never}"


async def undo(connection: Any) -> None:
    """In place of the commit: what was left for then is checked, and all of it undone."""
    await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    await connection.execute("ROLLBACK")


async def test_economics_and_assignment_are_the_admins_alone(serve):
    """By law of the product: no role of a tenant's own, and no machine, can be given them."""
    served: Served = await serve("identity")
    admin = served.app.as_(served.mighty)
    before = await served.rows()
    for privilege in ADMIN_ONLY:
        body = {"name": "Furbo", "privileges": ["brief.read", privilege]}
        response, problem = await admin.put("/v1/roles/furbo", body)
        error = problem["errors"][0] if "errors" in problem else problem
        assert (response.status, error["code"]) == (422, "privilege_admin_only"), problem
        response, problem = await admin.post("/v1/service-accounts", {"name": "F", "scopes": [privilege]})
        assert response.status == 422, problem
        for role in BUILT_IN_ROLES:
            response, problem = await admin.put(f"/v1/roles/{role}", body | {"privileges": ["brief.read"]})
            assert (response.status, problem["code"]) == (409, "role_built_in")
            assert (privilege in held_by(role)) == (role == "admin")
    assert await served.rows() == before
