"""The trail on a real database, and events that reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from optima_contracts.envelope import EventData
from optima_kit.clock import FixedClock
from optima_kit.db import Database, Transaction, UnitOfWork
from optima_kit.reactions import Received
from optima_kit.testing import ServiceDatabase, temporary_database
from trail.adapters.messages import record
from trail.application.ports import Ports
from trail.bootstrap import service
from trail.settings import TrailSettings

Event = Received[dict[str, Any]]


EMPTY = """
DO $$
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('%I', relname), ', ') FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                 AND relname NOT IN ('schema_migrations', 'outbox_partitions'));
END $$
"""


@dataclass(slots=True)
class Scene:
    """A tenant, and what happens in it."""

    stored: ServiceDatabase
    database: Database
    now: datetime
    tenant_id: UUID
    settings: TrailSettings
    ports: Callable[[UnitOfWork], Ports]

    def event(
        self,
        data: EventData,
        *,
        subject: UUID,
        correlation: UUID | None = None,
        actor: UUID | None = None,
        on_behalf_of: UUID | None = None,
        time: datetime | None = None,
        tenant_id: UUID | None = None,
    ) -> Event:
        return Received(
            data=data.model_dump(mode="json"),
            id=uuid4(),
            type=data.type,
            source="/optima/brief",
            subject=subject,
            sequence=1,
            time=time or self.now,
            tenant_id=tenant_id or self.tenant_id,
            correlation_id=correlation or subject,
            causation_id=None,
            actor_id=actor,
            on_behalf_of=on_behalf_of,
            traceparent=None,
            body=b"",
        )

    async def record(self, *events: Event) -> None:
        """Hands events over as the consumer does: in one transaction, each with its own cause."""
        async with self.database.begin(events[0].tenant_id) as transaction:
            await self.react(transaction, events)

    async def react(self, transaction: Transaction, events: Sequence[Event]) -> None:
        for event in events:
            cause = event.cause(self.database.clock.now())
            await record(self.ports(transaction.unit(cause)), event)

    async def tamper(self, *statements: str) -> None:
        """As a superuser, past permissions, triggers and keys."""
        connection = await asyncpg.connect(self.stored.superuser_url)
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared() -> AsyncIterator[ServiceDatabase]:
    async with temporary_database("trail") as stored:
        yield stored


@pytest.fixture
async def scene(shared: ServiceDatabase) -> AsyncIterator[Scene]:
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    stored = shared
    # Emptying costs a test less than a database of its own.
    connection = await asyncpg.connect(stored.superuser_url)
    await connection.execute(EMPTY)
    await connection.close()
    database = await Database.open(stored.rw_url, source="/optima/trail", size=3, clock=FixedClock(now))
    settings = TrailSettings(
        database_url=stored.rw_url,
        database_backbone_url=stored.backbone_url,
        broker_url="amqp://none",
        issuer="http://issuer.test",
        jwks_url="http://issuer.test/jwks",
        key_secret="a-secret-of-these-tests-0123456789abcdef",
    )
    yield Scene(stored, database, now, UUID(int=1), settings, service(settings).ports)
    await database.close()
