"""The board, served in this process on a database of its own."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_kit.actor import Actor
from optima_kit.settings import Settings
from optima_kit.testing import Client, ServiceDatabase, ServiceHarness

sys.path.insert(0, str(Path(__file__).parent))


@dataclass
class Board:
    app: ServiceHarness
    database: ServiceDatabase
    tenant_id: UUID
    gate: object

    @property
    def anna(self) -> Actor:
        return self.app.people.person("marketing", tenant_id=self.tenant_id)

    @property
    def client(self) -> Client:
        return self.app.as_(self.anna)

    async def notes(self) -> int:
        return (await self.database.fetch("SELECT count(*) FROM notes"))[0][0]


@pytest.fixture
async def board(serve_board) -> Board:
    return await serve_board()


@pytest.fixture
async def serve_board(database_for) -> AsyncIterator[Callable[..., Awaitable[Board]]]:
    """Serves the board with what `ServiceHarness` takes besides."""
    from noteboard.adapters.http import Gate, ports, routes

    from optima_kit.service import Service

    database = await database_for("noteboard")
    gate = Gate()
    settings = Settings(
        database_url=database.rw_url,
        database_backbone_url=database.backbone_url,
        broker_url="amqp://unused",
        environment="demonstration",
        issuer="http://issuer.test",
        jwks_url="http://issuer.test/jwks",
    )
    service = Service(
        name="noteboard", package="noteboard", settings=settings, ports=ports, routes=routes, resources=gate
    )
    async with AsyncExitStack() as stack:

        async def serve(**options: Any) -> Board:
            app = await stack.enter_async_context(ServiceHarness.serve(service, database, **options))
            return Board(app, database, uuid4(), gate)

        yield serve
