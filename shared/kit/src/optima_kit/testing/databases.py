"""Real databases and the real broker for tests, on the servers that `./optima test` starts."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from pydantic_settings import InitSettingsSource

from optima_contracts.envelope import Envelope

from ..migrate import all_migrations, migrate
from ..settings import Settings
from .superuser import as_superuser, disconnect_superuser

S = TypeVar("S", bound=Settings)

_EMPTY = """
DO $$
DECLARE written record;
BEGIN
    SET LOCAL session_replication_role = replica;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S';
    FOR written IN
        SELECT relname, pg_relation_size(oid) > 1000000 AS large FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
            AND relname NOT IN ('schema_migrations', 'outbox_partitions')
    LOOP
        EXECUTE format(
            CASE WHEN written.large THEN 'TRUNCATE %I CASCADE' ELSE 'DELETE FROM %I' END, written.relname
        );
    END LOOP;
END $$
"""
"""Empties all tables. Deleting a few rows is faster than truncating, and tables that were never written to
are left alone."""


def _server(variable: str) -> str:
    url = os.environ.get(variable)
    if url:
        return url
    message = f"{variable} is not set: run the tests through ./optima test, which starts the servers"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@dataclass(slots=True)
class ServiceDatabase:
    """A service's database for one test, with an address for each of its roles."""

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
        """Return the events in the outbox, in order, of one type or all."""
        rows = await self.fetch("SELECT envelope FROM outbox ORDER BY position")
        events = [Envelope.model_validate_json(row["envelope"]) for row in rows]
        return [event for event in events if type_ is None or event.type == type_]

    async def empty(self) -> None:
        """Delete everything that was written since the migrations."""
        await self.fetch(_EMPTY)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run a query as superuser, without row-level security."""
        rows = await as_superuser(self.superuser_url, lambda connection: connection.fetch(sql, *arguments))
        return list(rows)


def settings_for(database: ServiceDatabase, model: type[S], **more: object) -> S:
    """Return a service's settings for a test, with its database and the values in `more`."""
    given: dict[str, object] = {
        "database_url": database.rw_url,
        "database_backbone_url": database.backbone_url,
        "broker_url": "amqp://nowhere",
        "environment": "demonstration",
        "issuer": "http://issuer.test",
        "jwks_url": "http://issuer.test/jwks",
        "key_secret": "a-secret-of-these-tests-0123456789abcdef",
    }
    settings: S = _alone(model).model_validate(given | more)
    return settings


@functools.cache
def _alone(model: type[S]) -> type[S]:
    """Return the model of the settings without reading this machine's environment, which takes longer than
    most requests."""

    def sources(_: type[Settings], init_settings: InitSettingsSource, **__: object) -> tuple[object, ...]:
        return (init_settings,)

    return type(model.__name__, (model,), {"settings_customise_sources": staticmethod(sources)})


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


def quick_secret(password: str) -> str:
    """Return a password as PostgreSQL stores it (RFC 5803), with one round of hashing. With the default of
    4,096 rounds, proving the password takes a client longer than most tests are connected."""
    salt = b"optima for tests"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    keys = (hashlib.sha256(client_key).digest(), hmac.digest(salted, b"Server Key", "sha256"))
    stored, server, salt_text = (base64.b64encode(each).decode() for each in (*keys, salt))
    return f"SCRAM-SHA-256$1:{salt_text}${stored}:{server}"


async def shorten_hashing(superuser_url: str) -> None:
    """Store the superuser's password with one round of hashing too. Use this only on a server for tests."""
    parts = urlsplit(superuser_url)
    connection = await asyncpg.connect(superuser_url)
    try:
        secret = quick_secret(parts.password or "")
        await connection.execute(f"ALTER ROLE \"{parts.username}\" PASSWORD '{secret}'")
    finally:
        await connection.close()


async def _template(superuser_url: str, service: str) -> str:
    """Return a migrated database to clone, which is created once for each state of the migrations."""
    name = f"template_{service}_{_migrations_state(service)}"
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        for role in _ROLES:
            await connection.execute(
                f"DO $do$ BEGIN CREATE ROLE {service}_{role} LOGIN NOSUPERUSER NOBYPASSRLS"
                f" PASSWORD '{quick_secret(_PASSWORD)}';"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$"
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
    server = _server("OPTIMA_TEST_POSTGRES_URL")
    connection = await asyncpg.connect(server)
    try:
        for name in names:
            await disconnect_superuser(_with(server, database=name))
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def temporary_database(service: str) -> AsyncIterator[ServiceDatabase]:
    """Create a new, migrated database of a service, and drop it at the end of the block."""
    database = await _created_database(service)
    try:
        yield database
    finally:
        await _drop(database.name)


_spare: dict[str, list[tuple[ServiceDatabase, Decimal]]] = {}
"""Databases of this process that were emptied after a test, each with the fingerprint of its schema."""

_FINGERPRINT = """
SELECT sum(changes) FROM (
    SELECT count(*) + sum(xmin::text::bigint) AS changes FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT count(*) + sum(xmin::text::bigint) FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT count(*) + sum(xmin::text::bigint) FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT count(*) + sum(xmin::text::bigint) FROM pg_trigger WHERE oid >= 16384
    UNION ALL SELECT count(*) + sum(xmin::text::bigint) FROM pg_policy WHERE oid >= 16384
) AS catalogs
"""
"""Sums up which transactions wrote the schema. This takes a few milliseconds, while reading the schema takes
thirty. Ids below 16384 are the server's own. Truncating a table changes the fingerprint too."""


_DROP_NUMBERS = """
DO $$
DECLARE numbers regclass;
BEGIN
    FOR numbers IN
        SELECT oid FROM pg_class WHERE relkind = 'S' AND NOT EXISTS (
            SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                AND deptype IN ('a', 'i')
        )
    LOOP
        EXECUTE format('DROP SEQUENCE %s', numbers);
    END LOOP;
END $$
"""
"""Drops the sequences that belong to no column. A service creates them for each tenant while it runs;
migrations create none."""


@contextlib.asynccontextmanager
async def _borrowed_database(service: str) -> AsyncIterator[ServiceDatabase]:
    """Lend an empty database that other tests may have used before. Creating one takes longer than emptying
    one."""
    # New migrations need another database, and a test may have replaced the server.
    state = f"{_server('OPTIMA_TEST_POSTGRES_URL')} {service} {_migrations_state(service)}"
    spare = _spare.setdefault(state, [])
    if spare:
        database, fingerprint = spare.pop()
    else:
        database = await _created_database(service)
        fingerprint = (await database.fetch(_FINGERPRINT))[0][0]
    yield database

    async def emptied(connection: asyncpg.Connection[Any]) -> Decimal | None:
        await connection.reset()
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await connection.execute(_DROP_NUMBERS)
        if fingerprint != await connection.fetchval(_FINGERPRINT):
            return None
        await connection.execute(_EMPTY)
        after: Decimal = await connection.fetchval(_FINGERPRINT)
        return after

    after = await as_superuser(database.superuser_url, emptied)
    if after is not None:
        spare.append((database, after))
    else:
        # The test has changed the schema, so the database is not used again.
        await _drop(database.name)


def pytest_sessionfinish() -> None:
    """Drop the databases that tests have shared."""
    names = [database.name for spare in _spare.values() for database, _ in spare]
    if names:
        asyncio.run(_drop(*names))


@pytest.fixture
async def database_for() -> AsyncIterator[Callable[[str], Awaitable[ServiceDatabase]]]:
    """Return a function: `await database_for("brief")` gives an empty, migrated database of that service to
    this test alone."""
    async with contextlib.AsyncExitStack() as stack:
        yield lambda service: stack.enter_async_context(_borrowed_database(service))


@pytest.fixture
async def amqp_url() -> str:
    """Return the address of the test broker."""
    return _server("OPTIMA_TEST_AMQP_URL")
