"""What a token of before a suspension or a change of roles opens at the other services: nothing, once they
have heard of it."""

from __future__ import annotations

import asyncio
import importlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from optima_contracts.envelope import EventData
from optima_contracts.identity import PersonChanged, RoleChanged, ServiceAccountChanged, SessionEnded
from optima_contracts.privileges import NEVER_OUTDATED
from optima_kit.access_changes import AccessWatch, holder_of_role
from optima_kit.auth import TokenVerifier
from optima_kit.postgres import open_pool
from optima_kit.testing import ISSUER, People, ServiceHarness
from optima_kit.testing.nights import SAMPLING

from .access import identity
from .access.table import Row, World
from .conftest import MIGHTY, SERVICES, Served, build
from .test_access import ask

pytestmark = pytest.mark.servers

ROUNDS = 20 if SAMPLING else 200
OTHERS = tuple(module for module in SERVICES if module != "identity")
OUTDATED = (401, "token_outdated")


@dataclass
class Hearing:
    """A service that listens to identity."""

    served: Served
    watch: AccessWatch

    async def status(self, token: str) -> tuple[int, str | None]:
        """Of a request that asks for no more than a token."""
        response, body = await self.served.app.with_token(token).get("/v1/parked-messages")
        return response.status, None if response.status == 200 else body["code"]


@pytest.fixture
async def hearing(
    database_for: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> AsyncIterator[Callable[..., Awaitable[Hearing]]]:
    """`await hearing("brief")`: the service and its memory of changes, which a test moves on by `look`."""
    async with AsyncExitStack() as stack:

        async def start(module: str, people: People | None = None) -> Hearing:
            database = await database_for(module)
            pool = await open_pool(database.backbone_url, "test", 1)
            stack.push_async_callback(pool.close)
            service = build(module, database, monkeypatch, tmp_path)
            stack.callback(service.close_resources)
            watch = AccessWatch(pool)
            app = await stack.enter_async_context(
                ServiceHarness.serve(service, database, people=people, watch=watch)
            )
            return Hearing(Served(service, app, database, app.tenant_id, tmp_path), watch)

        yield start


def suspension(version: int) -> EventData:
    return PersonChanged(
        person_id=MIGHTY,
        name="Anna Bianchi",
        email="anna@example.it",
        kind="internal",
        roles=["admin"],
        active=False,
        access_version=version,
    )


def redefinition(version: int) -> EventData:
    return RoleChanged(role_id=uuid4(), key="capo", privileges=[], access_version=version)


def closing(version: int) -> EventData:
    return ServiceAccountChanged(
        account_id=MIGHTY, name="macchina", scopes=[], active=False, access_version=version
    )


@pytest.mark.sampled(4)
@pytest.mark.parametrize("event", [suspension, redefinition, closing])
@pytest.mark.parametrize("module", OTHERS)
async def test_every_service_refuses_what_it_has_heard_of(
    hearing: Callable[..., Awaitable[Hearing]], module: str, event: Callable[[int], EventData]
) -> None:
    service = await hearing(module)
    app = service.served.app

    def token(version: int) -> str:
        made_from = ((str(MIGHTY), version), (holder_of_role("capo"), version))
        return app.people.token(replace(service.served.mighty, made_from=made_from))

    await service.watch.look()
    assert await service.status(token(1)) == (200, None)
    (told,) = await app.deliver(event(2))
    await service.watch.look()
    assert await service.status(token(1)) == OUTDATED
    assert await service.status(token(2)) == (200, None), "who has renewed it goes on"
    elsewhere = replace(service.served.mighty, tenant_id=uuid4(), made_from=((str(MIGHTY), 1),))
    assert await service.status(app.people.token(elsewhere)) == (200, None), "another tenant's"
    late = told.model_copy(update={"id": uuid4(), "sequence": 99, "data": {**told.data, "access_version": 1}})
    await app.deliver(late)
    fresh = AccessWatch(service.watch._pool)
    await fresh.look()
    assert fresh._known == service.watch._known, "what is heard late changes nothing"


def session_end(session_id: UUID) -> EventData:
    return SessionEnded(person_id=MIGHTY, session_id=session_id, reason="signed_out")


@pytest.mark.sampled(4)
@pytest.mark.parametrize("module", OTHERS)
async def test_every_service_refuses_the_tokens_of_a_session_that_has_ended(
    hearing: Callable[..., Awaitable[Hearing]], module: str
) -> None:
    service = await hearing(module)
    app, made_from = service.served.app, ((str(MIGHTY), 1),)
    mighty = replace(service.served.mighty, made_from=made_from)
    ended, other = uuid4(), uuid4()
    here, elsewhere = (app.people.token(replace(mighty, session_id=each)) for each in (ended, other))
    assert [await service.status(each) for each in (here, elsewhere)] == [(200, None)] * 2
    *_, told = await app.deliver(session_end(uuid4()), session_end(uuid4()))
    data = session_end(ended).model_dump(mode="json")
    # Of the sessions of one person, what is told late counts as well.
    await app.deliver(told.model_copy(update={"id": uuid4(), "sequence": 1, "data": data}))
    await service.watch.look()
    assert [await service.status(each) for each in (here, elsewhere)] == [OUTDATED, (200, None)]


def sensitive(module: str) -> list[Row]:
    rows = importlib.import_module(f"tests.security.access.{module}").ROWS
    return [row for row in rows if row.needs in NEVER_OUTDATED["read" if row.method == "GET" else "write"]]


@pytest.mark.parametrize("module", [module for module in OTHERS if sensitive(module)])
async def test_what_matters_most_waits_for_no_process_to_hear(
    hearing: Callable[..., Awaitable[Hearing]], module: str
) -> None:
    """Prices, assignments, decisions and exports are judged by what the service has stored."""
    service = await hearing(module)
    world = World(service.served, service.served.tenant_id, UUID(int=1), UUID(int=2))
    names = defaultdict[str, str](lambda: str(uuid4()))
    names |= {row.version: "1" for row in sensitive(module) if row.version}
    mighty = replace(service.served.mighty, made_from=((str(MIGHTY), 1),))
    await service.served.app.deliver(suspension(2))
    for row in sensitive(module):
        asked = await ask(world, row, mighty, names)
        assert (asked.status, asked.code) == OUTDATED, asked


@dataclass
class IssuedByIdentity(People):
    """Believes the tokens of the identity service under test."""

    known: KeySet = field(default_factory=lambda: KeySet([]))

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(self, ISSUER, "optima", self.clock)

    async def keys(self, *, unknown: bool = False) -> KeySet:
        return self.known


async def test_of_a_token_and_a_change_at_once_the_token_tells_the_truth_or_is_refused(
    serve: Any, hearing: Callable[..., Awaitable[Hearing]]
) -> None:
    """Vera's token is renewed while she loses the role that it names, 200 times."""
    served: Served = await serve("identity")
    world = World(served, served.tenant_id, UUID(int=1), UUID(int=2))
    await identity.build(world)
    vera = f"/v1/people/{world.names['vera_id']}"
    admin, anybody = served.app.as_(world.person("admin", person_id=world.colleague)), served.app.as_(None)
    _, keys = await anybody.get("/.well-known/jwks.json")
    known = KeySet.import_key_set(keys)
    brief = await hearing("brief", IssuedByIdentity(known=known))

    async def tokens(**grant: str) -> tuple[str, str]:
        response, granted = await anybody.post("/v1/tokens", grant)
        assert response.status == 200, granted
        return granted["access_token"], granted["refresh_token"]

    async def status(token: str) -> tuple[int, str | None]:
        response, body = await brief.served.app.with_token(token).get("/v1/briefs")
        return response.status, None if response.status == 200 else body["code"]

    access, refresh = await tokens(
        grant="password", tenant="aurora", email="vera@example.it", password=identity.PASSWORD
    )
    meanwhile = 0
    for turn in range(ROUNDS):
        roles = [("auditor", "marketing")[turn % 2]]
        _, person = await admin.get(vera)

        async def renew(refresh: str = refresh) -> tuple[str, str]:
            await asyncio.sleep(random.random() * 0.02)
            return await tokens(grant="refresh_token", refresh_token=refresh)

        async def change(roles: list[str] = roles, version: int = person["version"]) -> tuple[Any, Any]:
            await asyncio.sleep(random.random() * 0.02)
            return await admin.patch(vera, {"roles": roles}, headers={"If-Match": f'"{version}"'})

        (changed, _), (renewed, refresh) = await asyncio.gather(change(), renew())
        assert changed.status == 200
        *_, told = await served.database.published(PersonChanged.type)
        await brief.served.app.deliver(told)
        await brief.watch.look()
        assert await status(access) == OUTDATED, "the token of before"
        true = jwt.decode(renewed, known).claims["roles"] == roles
        meanwhile += not true
        assert await status(renewed) == ((200, None) if true else OUTDATED)
        access, refresh = await tokens(grant="refresh_token", refresh_token=refresh)
        assert await status(access) == (200, None), "renewed after the change"
    assert 0 < meanwhile < ROUNDS, "both happened"
