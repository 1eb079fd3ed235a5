"""The trail on a real database, and events that reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from optima_contracts.envelope import Envelope, EventData
from optima_kit.clock import FixedClock
from optima_kit.db import Database, Transaction, UnitOfWork
from optima_kit.testing import ServiceDatabase, ServiceHarness, settings_for
from trail.adapters.messages import reactions
from trail.application.ports import Ports
from trail.bootstrap import service
from trail.settings import TrailSettings


@dataclass(slots=True)
class Scene:
    """A tenant, and what happens in it."""

    app: ServiceHarness
    settings: TrailSettings

    @property
    def tenant_id(self) -> UUID:
        return self.app.tenant_id

    @property
    def stored(self) -> ServiceDatabase:
        return self.app.stored

    @property
    def database(self) -> Database:
        return self.app.database

    @property
    def clock(self) -> FixedClock:
        assert isinstance(self.app.clock, FixedClock)
        return self.app.clock

    @property
    def now(self) -> datetime:
        return self.app.clock.now()

    def ports(self, work: UnitOfWork) -> Ports:
        ports: Ports = self.app.service.ports(work)
        return ports

    def event(
        self, data: EventData, *, subject: UUID, tenant_id: UUID | None = None, **facts: Any
    ) -> Envelope:
        """As it reaches the trail, from the service "brief" and as the first of its subject."""
        facts = {"source": "/optima/brief", "sequence": 1} | facts
        return self.app.event(data, subject=subject, tenant_id=tenant_id, **facts)

    async def record(self, *events: Envelope) -> None:
        """Hands events over as the consumer does: in one transaction, each with its own cause."""
        await self.app.deliver(*events)

    async def react(self, transaction: Transaction, events: Sequence[Envelope]) -> None:
        """As `record`, without the inbox and in a transaction of the test's own."""
        for each in events:
            reaction, event = reactions.read(each.model_dump_json().encode())
            await reaction.handle(self.ports(transaction.unit(event.cause(self.now))), event)

    async def tamper(self, *statements: str) -> None:
        """As a superuser, past permissions, triggers and keys."""
        connection = await asyncpg.connect(self.stored.superuser_url)
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def scene(database_for: Callable[[str], Awaitable[ServiceDatabase]]) -> AsyncIterator[Scene]:
    stored = await database_for("trail")
    settings = settings_for(stored, TrailSettings)
    clock = FixedClock(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
    async with ServiceHarness.serve(service(settings), stored, clock=clock, tenant_id=UUID(int=1)) as app:
        yield Scene(app, settings)


@pytest.fixture
def app(scene: Scene) -> ServiceHarness:
    return scene.app
