"""A running identity service and the people of a tenant, as every component test needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from joserfc.jwk import KeySet

from identity.adapters.passwords import Argon2Passwords
from identity.application.ports import Ports
from identity.bootstrap import service
from identity.settings import IdentitySettings
from optima_kit.actor import Actor
from optima_kit.auth import TokenVerifier
from optima_kit.db import UnitOfWork
from optima_kit.testing import Client, FixedClock, People, ServiceDatabase, ServiceHarness
from optima_kit.testing import settings_for as service_settings

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ISSUER = "http://identity.test"
PLATFORM = {"grant": "client_credentials", "client_id": "platform", "client_secret": "platform-secret"}
PROXIES = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
"""So that a test says what address somebody asks from."""
PASSWORD = "tre gatti sul tetto rosso"
LEGAL = {
    "name": "Caffè Aurora S.p.A.",
    "vat_number": "01234560371",
    "street": "Via Giuseppe Garibaldi 18",
    "postal_code": "40124",
    "city": "Bologna",
    "province": "BO",
}


def settings_of(database: ServiceDatabase, **more: Any) -> IdentitySettings:
    own = {
        "issuer": ISSUER,
        "jwks_url": f"{ISSUER}/.well-known/jwks.json",
        "key_secret": "demonstration key secret",
        "platform_client_secret": PLATFORM["client_secret"],
    }
    return service_settings(database, IdentitySettings, **own | more)


@pytest.fixture
def settings_for() -> Callable[..., IdentitySettings]:
    return settings_of


class OwnKeys:
    """The service's own keys, as its JWKS endpoint shows them."""

    def __init__(self) -> None:
        self.app: ServiceHarness | None = None

    async def keys(self, *, unknown: bool = False) -> KeySet:
        assert self.app is not None
        _, body = await self.app.as_(None).get("/.well-known/jwks.json")
        return KeySet.import_key_set(body)


@dataclass
class OwnTokens(People):
    """Believes the tokens that the service under test issues."""

    source: OwnKeys = field(default_factory=OwnKeys)

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(self.source, ISSUER, "optima", self.clock)


class CountedPasswords(Argon2Passwords):
    """Counts how often a password was judged. Hashes cheaply: whoever signs in a dozen people would else wait
    for little more."""

    calls = 0

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    async def matches(self, password_hash: str | None, password: str, *, first: bool = False) -> bool:
        self.calls += 1
        return await super().matches(password_hash, password, first=first)


@dataclass
class Identity:
    app: ServiceHarness
    database: ServiceDatabase
    clock: FixedClock
    verifier: TokenVerifier
    ports: Callable[[UnitOfWork], Ports]
    hasher: CountedPasswords

    @property
    def anybody(self) -> Client:
        return self.app.as_(None)

    async def platform(self) -> Client:
        response, body = await self.anybody.post("/v1/tokens", PLATFORM)
        assert response.status == 200, body
        return self.app.with_token(body["access_token"])

    async def sign_in(
        self,
        email: str,
        *,
        tenant: str = "aurora",
        password: str = PASSWORD,
        address: str = "192.0.2.1",
        **more: str,
    ) -> Any:
        grant = {"grant": "password", "tenant": tenant, "email": email, "password": password, **more}
        headers = {"X-Forwarded-For": address}
        response, body = await self.anybody.post("/v1/tokens", grant, headers=headers)
        waits = {"retry_after": response.headers["Retry-After"]} if response.status == 429 else {}
        return body | {"status": response.status} | waits

    async def client(self, email: str, *, tenant: str = "aurora") -> Client:
        body = await self.sign_in(email, tenant=tenant)
        assert body["status"] == 200, body
        return self.app.with_token(body["access_token"])

    async def actor(self, email: str, *, tenant: str = "aurora") -> Actor:
        return await self.verifier.actor((await self.sign_in(email, tenant=tenant))["access_token"])

    async def register(self, slug: str = "aurora") -> Client:
        """Registers a tenant and returns its admin, signed in."""
        body = {
            "slug": slug,
            "legal": LEGAL,
            "admin": {"name": "Paola Ferri", "email": f"paola@{slug}.example"},
        }
        response, answer = await (await self.platform()).post("/v1/tenants", body)
        assert response.status == 201, answer
        await self.accept(answer["invitation"]["token"])
        return await self.client(f"paola@{slug}.example", tenant=slug)

    async def invite(self, admin: Client, email: str, *roles: str, **more: Any) -> UUID:
        """Invites a person, who accepts."""
        name = email.partition("@")[0].replace(".", " ").title()
        body = {"email": email, "name": name, "roles": list(roles), **more}
        response, answer = await admin.post("/v1/invitations", body)
        assert response.status == 201, answer
        await self.accept(answer["token"])
        return UUID(answer["person"]["id"])

    async def accept(self, token: str, password: str = PASSWORD) -> None:
        body = {"token": token, "password": password}
        response, answer = await self.anybody.post("/v1/invitations/acceptance", body)
        assert response.status == 201, answer


Serve = Callable[..., Awaitable[Identity]]


@asynccontextmanager
async def serving(
    database: ServiceDatabase, *, refusals_take: float = 0.0, **more: Any
) -> AsyncIterator[Identity]:
    """The service on a database, with `more` settings. Refused sign-ins take those seconds at least."""
    clock = FixedClock(NOW)
    built = service(settings_of(database, **more))
    hasher = CountedPasswords()
    resources = replace(built.resources, passwords=hasher, refusals_take=refusals_take)
    built = replace(built, resources=resources)
    people = OwnTokens(clock=clock)
    async with ServiceHarness.serve(built, database, clock=clock, people=people, proxies=PROXIES) as app:
        people.source.app = app
        yield Identity(app, database, clock, people.verifier(), built.ports, hasher)
    built.close_resources()
    hasher.close()


@pytest.fixture
async def serve(
    database_for: Callable[[str], Awaitable[ServiceDatabase]],
) -> AsyncIterator[Serve]:
    """`await serve(oidc_issuers=…)`: the service with settings of the test's choice."""
    async with AsyncExitStack() as stack:

        async def start(**more: Any) -> Identity:
            return await stack.enter_async_context(serving(await database_for("identity"), **more))

        yield start


@pytest.fixture
async def identity(serve: Serve) -> Identity:
    return await serve()
