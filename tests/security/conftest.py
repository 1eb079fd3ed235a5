"""Every service as it runs, on a database of its own, with people of two tenants."""

from __future__ import annotations

import importlib
import typing
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher

from identity.adapters.passwords import Argon2Passwords
from optima_contracts.privileges import ADMIN_ONLY, PLATFORM, PRIVILEGES
from optima_kit.actor import Actor
from optima_kit.http import Routes
from optima_kit.operations import parking_routes
from optima_kit.service import Service
from optima_kit.sql import Statement
from optima_kit.testing import ServiceDatabase, ServiceHarness
from optima_local.services import find_services

SERVICES = tuple(service.module for service in find_services() if not service.asks)
"""Those with an API of their own: the portal is a client of theirs, with its reader's token."""

EVERYTHING = {p.key for p in PRIVILEGES} | ADMIN_ONLY | PLATFORM


_REGISTER = """
INSERT INTO tenants (id, slug, legal, language, time_zone, version, registered_at)
SELECT $1, 'prova', $2::jsonb || '{"street": "Via Roma 1", "postal_code": "40100", "city": "Bologna",
    "province": "BO", "country": "IT", "vat_number": null,
    "fiscal_code": null}', 'it', 'Europe/Rome', 1, now()
"""


_ADMIT = Statement.parse("""
WITH role AS (
    INSERT INTO roles (id, key, name, privileges, built_in, version)
    VALUES (gen_random_uuid(), 'admin', 'Admin', '{}', true, 1)
), person AS (
    INSERT INTO people (id, name, email, kind, roles, language, joined_at, suspended, version)
    SELECT id, 'Anna Bianchi', id || '@example.it', 'internal', '{admin}', 'it', now(), false, 1
    FROM unnest(:people::uuid[]) AS id
)
INSERT INTO sessions (id, person_id, device, began_at, refreshed_at, ends_at)
SELECT id, id, 'test', now(), now(), now() + interval '1 day' FROM unnest(:people::uuid[]) AS id
""")
"""Identity believes nobody whom it does not know, whatever their token says."""

MIGHTY, POWERLESS = uuid4(), uuid4()
KEY_SECRET = "another-secret-of-this-test-0123456789abcdef"


@dataclass
class Served:
    """One service, and people of one tenant and of another who may do everything, or nothing."""

    service: Service
    app: ServiceHarness
    database: ServiceDatabase
    tenant_id: UUID
    folder: Path
    """Below it ERPs leave their files."""

    @property
    def mighty(self) -> Actor:
        return self.app.people.person(
            tenant_id=self.tenant_id, person_id=MIGHTY, session_id=MIGHTY, privileges=EVERYTHING
        )

    @property
    def powerless(self) -> Actor:
        return self.app.people.person(
            tenant_id=self.tenant_id, person_id=POWERLESS, session_id=POWERLESS, privileges=set()
        )

    async def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = await self.database.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        counts = " UNION ALL ".join(f"SELECT '{t[0]}', count(*) FROM \"{t[0]}\"" for t in tables)
        return dict(await self.database.fetch(counts))


def build(
    module: str,
    database: ServiceDatabase,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    key_secret: str = KEY_SECRET,
) -> Service:
    """The service as its bootstrap makes it, configured for a test."""
    environment = {
        "OPTIMA_DATABASE_URL": database.rw_url,
        "OPTIMA_DATABASE_BACKBONE_URL": database.backbone_url,
        "OPTIMA_BROKER_URL": "amqp://guest:guest@127.0.0.1:1/",
        "OPTIMA_ISSUER": "http://issuer.test",
        "OPTIMA_JWKS_URL": "http://127.0.0.1:1/jwks",
        "OPTIMA_ENVIRONMENT": "demonstration",
        "OPTIMA_PLATFORM_CLIENT_ID": "platform",
        "OPTIMA_PLATFORM_CLIENT_SECRET": "a-secret-of-this-test-0123456789abcdef",
        "OPTIMA_KEY_SECRET": key_secret,
        "OPTIMA_OIDC_ISSUERS": "https://accounts.example.it",
        "OPTIMA_DROP_FOLDER_ROOT": str(folder),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bootstrap = importlib.import_module(f"{module}.bootstrap")
    settings = typing.get_type_hints(bootstrap.service)["settings"]
    service: Service = bootstrap.service(settings())
    if service.reactions:
        whole = Routes()  # the module's own stay as they are, for other tests of this process
        whole.include(service.routes)
        whole.include(parking_routes())
        service = replace(service, routes=whole)
    return service


@pytest.fixture
async def serve(database_for, monkeypatch, tmp_path) -> AsyncIterator[Callable[[str], Awaitable[Served]]]:
    """`await serve("brief")`: the brief service, over HTTP in this process."""
    async with AsyncExitStack() as stack:

        async def start(module: str) -> Served:
            database = await database_for(module)
            service = build(module, database, monkeypatch, tmp_path)
            if module == "identity":  # hundreds of refused sign-ins: none of them takes its time here
                hasher = Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
                stack.callback(hasher.close)
                quick = replace(service.resources, passwords=hasher, refusals_take=0.0)
                service = replace(service, resources=quick)
            stack.callback(service.close_resources)
            app = await stack.enter_async_context(ServiceHarness.serve(service, database))
            served = Served(service, app, database, uuid4(), tmp_path)
            if module == "identity":
                await database.fetch(_REGISTER, served.tenant_id, '{"name": "Prova S.r.l."}')
                async with app.database.transaction(served.tenant_id) as work:
                    await work.execute(_ADMIT, people=[MIGHTY, POWERLESS])
            return served

        yield start
