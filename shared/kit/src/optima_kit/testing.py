"""A pytest plugin: real databases and brokers for tests, probes with deadlines, people with tokens.

The servers are named by OPTIMA_TEST_POSTGRES_URL (a superuser) and OPTIMA_TEST_AMQP_URL; `./optima test`
starts them. Where they are missing, tests skip on a laptop and fail in CI.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import hashlib
import inspect
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from optima_contracts.envelope import Envelope
from optima_contracts.privileges import privileges_of

from .actor import Actor
from .auth import TokenVerifier
from .clock import Clock, FixedClock, SystemClock
from .db import Database
from .health import Health
from .http.addresses import Addresses
from .http.api import Api
from .http.problems import load_catalogue
from .http.remote import Network
from .migrate import all_migrations, migrate

__all__ = [
    "FixedClock",
    "People",
    "ServiceDatabase",
    "app_client",
    "eventually",
    "round_trips",
    "temporary_database",
    "undocumented_refusals",
]

ISSUER = "http://issuer.test"
T = TypeVar("T")


def _server(variable: str) -> str:
    url = os.environ.get(variable)
    if url:
        return url
    message = f"{variable} is not set: run the tests through ./optima test, which starts the servers"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


async def eventually(
    check: Callable[[], Awaitable[T] | T], *, within: float = 5.0, describe: Callable[[], Any] | str = ""
) -> T:
    """Polls until `check` answers something true, and returns that. Fails after `within` seconds."""
    deadline = time.monotonic() + within
    pause = 0.005
    while True:
        answer = check()
        seen = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if time.monotonic() > deadline:
            what = describe() if callable(describe) else describe
            what = await what if inspect.isawaitable(what) else what
            pytest.fail(f"not within {within} s: {what or check}; last seen: {seen!r}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)


@dataclass(slots=True)
class ServiceDatabase:
    """One service's database for one test: the addresses for each of its roles."""

    name: str
    service: str
    superuser_url: str
    urls: dict[str, str]

    @property
    def owner_url(self) -> str:
        return self.urls["owner"]

    @property
    def rw_url(self) -> str:
        return self.urls["rw"]

    @property
    def ro_url(self) -> str:
        return self.urls["ro"]

    @property
    def backbone_url(self) -> str:
        return self.urls["backbone"]

    async def published(self, type_: str | None = None) -> list[Envelope]:
        """The events in the outbox, in order, of one type or all."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            rows = await connection.fetch("SELECT envelope FROM outbox ORDER BY position")
        finally:
            await connection.close()
        events = [Envelope.model_validate_json(row["envelope"]) for row in rows]
        return [event for event in events if type_ is None or event.type == type_]

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Looks past row-level security, as superuser."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()


def _with(url: str, *, user: str | None = None, password: str | None = None, database: str) -> str:
    parts = urlsplit(url)
    netloc = parts.netloc
    if user is not None:
        netloc = f"{user}:{password}@{parts.hostname}:{parts.port or 5432}"
    return urlunsplit((parts.scheme, netloc, "/" + database, parts.query, ""))


_ROLES = ("owner", "rw", "ro", "backbone")
_PASSWORD = "only-for-tests"


def _migrations_state(service: str) -> str:
    checksums = "".join(migration.checksum for migration in all_migrations(service))
    return hashlib.sha256(checksums.encode()).hexdigest()[:10]


async def _template(superuser_url: str, service: str) -> str:
    """A migrated database to clone from, made once per state of the migrations."""
    name = f"template_{service}_{_migrations_state(service)}"
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        for role in _ROLES:
            await connection.execute(
                f"DO $$ BEGIN CREATE ROLE {service}_{role} LOGIN NOSUPERUSER NOBYPASSRLS"
                f" PASSWORD '{_PASSWORD}'; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
                " END $$"
            )
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            raw = f"{name}_{uuid.uuid4().hex[:8]}"
            await connection.execute(f"CREATE DATABASE {raw} OWNER {service}_owner")
            await migrate(
                _with(superuser_url, user=f"{service}_owner", password=_PASSWORD, database=raw), service
            )
            await connection.execute(f"ALTER DATABASE {raw} RENAME TO {name}")
    finally:
        await connection.close()
    return name


async def _created_database(service: str) -> ServiceDatabase:
    superuser_url = _server("OPTIMA_TEST_POSTGRES_URL")
    template = await _template(superuser_url, service)
    name = f"test_{service}_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {service}_owner")
    finally:
        await connection.close()
    urls = {
        role: _with(superuser_url, user=f"{service}_{role}", password=_PASSWORD, database=name)
        for role in _ROLES
    }
    return ServiceDatabase(name, service, _with(superuser_url, database=name), urls)


async def _drop(*names: str) -> None:
    connection = await asyncpg.connect(_server("OPTIMA_TEST_POSTGRES_URL"))
    try:
        for name in names:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def temporary_database(service: str) -> AsyncIterator[ServiceDatabase]:
    """A fresh, migrated database of that service, dropped at the end of the block."""
    database = await _created_database(service)
    try:
        yield database
    finally:
        await _drop(database.name)


_spare: dict[str, list[tuple[ServiceDatabase, str]]] = {}
"""Databases of this process that a test has left empty again, each with its schema's fingerprint."""

_FINGERPRINT = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT concat(relname, relkind, relacl, relrowsecurity, relforcerowsecurity) AS part
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'i', 'v')
    UNION ALL SELECT concat(attrelid::regclass, attname, atttypid, attnotnull)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0
    UNION ALL SELECT concat(conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat(tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat(schemaname, tablename, policyname, qual, with_check) FROM pg_policies
) AS schema
"""
_EMPTY = """
DO $$
DECLARE tables text;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    SELECT string_agg(format('%I', relname), ', ') INTO tables FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname NOT IN ('schema_migrations', 'outbox_partitions');
    SET LOCAL session_replication_role = replica;
    EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY CASCADE';
END $$
"""


@contextlib.asynccontextmanager
async def _borrowed_database(service: str) -> AsyncIterator[ServiceDatabase]:
    """An empty database that other tests have used before. Making one takes longer than emptying one."""
    # New migrations make another database, and a test may have replaced the server.
    state = f"{_server('OPTIMA_TEST_POSTGRES_URL')} {service} {_migrations_state(service)}"
    spare = _spare.setdefault(state, [])
    if spare:
        database, fingerprint = spare.pop()
    else:
        database = await _created_database(service)
        fingerprint = (await database.fetch(_FINGERPRINT))[0][0]
    yield database
    connection = await asyncpg.connect(database.superuser_url)
    try:
        same = fingerprint == await connection.fetchval(_FINGERPRINT)
        if same:
            await connection.execute(_EMPTY)
    finally:
        await connection.close()
    if same:
        spare.append((database, fingerprint))
    else:
        # Whoever changes the schema leaves nothing to others.
        await _drop(database.name)


def pytest_sessionfinish() -> None:
    """Drops the databases that tests have shared."""
    names = [database.name for spare in _spare.values() for database, _ in spare]
    if names:
        asyncio.run(_drop(*names))


@pytest.fixture
async def database_for() -> AsyncIterator[Callable[[str], Awaitable[ServiceDatabase]]]:
    """`await database_for("brief")`: an empty, migrated database of that service, for this test alone."""
    async with contextlib.AsyncExitStack() as stack:
        yield lambda service: stack.enter_async_context(_borrowed_database(service))


@pytest.fixture
async def amqp_url() -> str:
    """The test broker."""
    return _server("OPTIMA_TEST_AMQP_URL")


class _FixedKeys:
    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def keys(self, *, unknown: bool = False) -> KeySet:
        return self._keys


@dataclass(slots=True)
class People:
    """Signs tokens for people whom a test makes up."""

    clock: Clock = field(default_factory=SystemClock)
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "test"}))

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(_FixedKeys(KeySet([self.key])), ISSUER, "optima", self.clock)

    def person(
        self,
        *roles: str,
        tenant_id: UUID,
        name: str = "Anna Bianchi",
        kind: str = "internal",
        person_id: UUID | None = None,
        privileges: set[str] | None = None,
        unit_id: UUID | None = None,
        session_id: UUID | None = None,
    ) -> Actor:
        """Somebody with built-in roles, or with exactly the privileges given."""
        held = privileges if privileges is not None else set().union(*(privileges_of(role) for role in roles))
        return Actor(
            person_id=person_id or uuid.uuid4(),
            tenant_id=tenant_id,
            name=name,
            kind=kind,  # type: ignore[arg-type]
            roles=frozenset(roles),
            privileges=frozenset(held),
            unit_id=unit_id,
            session_id=session_id,
        )

    def token(self, actor: Actor, *, lifetime: timedelta = timedelta(minutes=10), **overrides: Any) -> str:
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": "optima",
            "sub": str(actor.person_id),
            "tenant": str(actor.tenant_id),
            "name": actor.name,
            "kind": actor.kind,
            "roles": sorted(actor.roles),
            "scope": " ".join(sorted(actor.privileges)),
            "iat": now,
            "nbf": now,
            "exp": now + int(lifetime.total_seconds()),
        }
        if actor.unit_id is not None:
            claims["unit"] = str(actor.unit_id)
        if actor.session_id is not None:
            claims["sid"] = str(actor.session_id)
        claims.update(overrides)
        header = {"alg": "Ed25519", "kid": "test"}
        return jwt.encode(header, claims, self.key, algorithms=["Ed25519"])


class Client:
    """Requests as one person. POSTs get an Idempotency-Key of their own unless one is given."""

    def __init__(self, http: TestClient[web.BaseRequest, None], token: str | None) -> None:
        self._http = http
        self._token = token

    async def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """The response, and its body: parsed when it is JSON, else as bytes."""
        sent = dict(headers or {})
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        if method == "POST":
            sent.setdefault("Idempotency-Key", uuid.uuid4().hex)
        response = await self._http.request(method, path, headers=sent, **options)
        if response.content_type.endswith(("/json", "+json")):
            return response, await response.json(content_type=None)
        return response, await response.read()

    async def get(self, path: str, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return (
            await self.request("POST", path, json=json, **options)
            if json is not None
            else await self.request("POST", path, **options)
        )

    async def put(self, path: str, json: Any = None, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("PUT", path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("DELETE", path, **options)


@dataclass(slots=True)
class AppClient:
    """A service's HTTP role in this process, on a real database."""

    people: People
    http: TestClient[web.BaseRequest, None]
    database: Database

    def as_(self, actor: Actor | None) -> Client:
        """Requests as `actor`; None signs nobody in."""
        return Client(self.http, self.people.token(actor) if actor is not None else None)

    def with_token(self, token: str) -> Client:
        return Client(self.http, token)


@contextlib.asynccontextmanager
async def app_client(
    service: Any,
    database: ServiceDatabase,
    *,
    clock: Clock | None = None,
    people: People | None = None,
    pool_size: int = 4,
    rate_per_second: float = 100_000,
    proxies: Sequence[Network] = (),
) -> AsyncIterator[AppClient]:
    """Serves `service` (a `Service`) over HTTP on `database`. `people` signs the tokens that it accepts."""
    at = clock or SystemClock()
    signer = people or People(clock=at)
    opened = await Database.open(database.rw_url, source=service.source, size=pool_size, clock=at)
    api = Api(
        title=service.name,
        version="test",
        routes=service.routes,
        database=opened,
        ports=service.ports,
        verifier=signer.verifier(),
        catalogue=load_catalogue(service.package),
        clock=at,
        resources=service.resources,
        admit=service.admit,
        rate_per_second=rate_per_second,
        proxies=proxies,
    )
    addresses = Addresses()
    api.mount(addresses)
    Health(opened).mount(addresses)
    server = RawTestServer(addresses.answer)
    await server.start_server(auto_decompress=False)
    client: TestClient[web.BaseRequest, None] = TestClient(server)
    try:
        yield AppClient(signer, client, opened)
    finally:
        await client.close()
        await opened.close()


@contextlib.contextmanager
def round_trips(database: Database) -> Iterator[list[str]]:
    """The statements that `database` is asked meanwhile, each a round trip; what asyncpg asks once a
    connection to know a type is left out."""
    asked: list[str] = []
    connection = database.connection

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        if "typeinfo_tree" not in query.query and "set_config('jit'" not in query.query:
            asked.append(query.query)

    @contextlib.asynccontextmanager
    async def listened_to() -> AsyncIterator[Any]:
        async with connection() as open_:
            with open_.query_logger(note):
                yield open_

    database.connection = listened_to  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        del database.connection


def undocumented_refusals(package: str, source: Path) -> set[str]:
    """Codes that are raised in the Python files below `source` and have no text in `package`'s catalogue."""
    names = {
        "Refusal",
        "Malformed",
        "Unauthenticated",
        "Forbidden",
        "Absent",
        "WrongState",
        "Stale",
        "TooLarge",
    }
    names |= {"UnsupportedMedia", "Invalid", "PreconditionRequired", "TooMany", "PydanticCustomError"}
    codes = set()
    for file in source.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called in names and isinstance(first, ast.Constant) and isinstance(first.value, str):
                codes.add(first.value)
    return codes - load_catalogue(package).texts.keys()
