"""The bridge on a real database and real folders."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from erp_bridge.adapters.messages import reactions
from erp_bridge.bootstrap import BridgeSettings, service
from optima_contracts.envelope import EventData
from optima_kit.clock import FixedClock
from optima_kit.reactions import Received
from optima_kit.service import Service
from optima_kit.testing import AppClient, Client, ServiceDatabase, app_client, temporary_database
from optima_kit.work import JobRunner

HEADER = (
    "codice;ragione_sociale;partita_iva;codice_fiscale;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)
MILANO = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"


@dataclass(slots=True)
class Bridge:
    """One tenant's bridge."""

    stored: ServiceDatabase
    app: AppClient
    service: Service[Any]
    clock: FixedClock
    root: Path
    tenant_id: UUID

    def as_(self, *roles: str, tenant_id: UUID | None = None, **options: Any) -> Client:
        person = self.app.people.person(*roles, tenant_id=tenant_id or self.tenant_id, **options)
        return self.app.as_(person)

    @property
    def folder(self) -> Path:
        return self.root / str(self.tenant_id) / "acme"

    async def connect(self, **body: Any) -> dict[str, Any]:
        wanted = {"connector": "drop-folder", "settings": {"folder": "acme"}, **body}
        response, answer = await self.as_("admin").put("/v1/connections/gestionale", json=wanted)
        assert response.status == 200, answer
        return answer

    def drop(self, *rows: str, name: str = "clienti.csv", header: str = HEADER) -> Path:
        incoming = self.folder / "in"
        incoming.mkdir(parents=True, exist_ok=True)
        (incoming / name).write_text(header + "".join(rows), "utf-8")
        return incoming / name

    async def import_all(self, *, dry_run: bool = False) -> list[dict[str, Any]]:
        response, answer = await self.as_("backoffice").post(
            "/v1/connections/gestionale/imports", json={"dry_run": dry_run}
        )
        assert response.status == 200, answer
        return answer["sources"]

    async def import_customers(self, *rows: str) -> None:
        """Has the ERP tell of customers, AURORA-MI if no others are given."""
        self.drop(*(rows or (MILANO,)))
        await self.import_all()

    async def tell(self, event: EventData, *, subject: UUID, correlation: UUID) -> None:
        """Hands an event over as the consumer does."""
        reaction = reactions.to(event.type)
        assert reaction is not None
        received = Received(
            data=event,
            id=uuid4(),
            type=event.type,
            source="/optima/production",
            subject=subject,
            sequence=1,
            time=self.clock.now(),
            tenant_id=self.tenant_id,
            correlation_id=correlation,
            causation_id=None,
            actor_id=None,
            on_behalf_of=None,
            traceparent=None,
            body=b"",
        )
        cause = received.cause(self.clock.now())
        async with self.app.database.transaction(self.tenant_id, cause) as work:
            await reaction.handle(self.service.ports(work), received)

    async def work(self) -> int:
        """Runs every job that is due."""
        backbone = await asyncpg.create_pool(self.stored.backbone_url, min_size=1, max_size=1)
        try:
            return await JobRunner(self.service, self.app.database).run_due(backbone, self.clock)
        finally:
            await backbone.close()

    async def connection(self) -> dict[str, Any]:
        _, answer = await self.as_("backoffice").get("/v1/connections/gestionale")
        return answer

    async def failures(self, **options: Any) -> list[dict[str, Any]]:
        _, answer = await self.as_("backoffice", **options).get("/v1/failures")
        return answer["items"]

    async def everything(self) -> dict[str, list[Any]]:
        """All rows of all the bridge's own tables and the backbone's."""
        tables = await self.stored.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {
            row["relname"]: sorted(
                str(dict(each)) for each in await self.stored.fetch(f"SELECT * FROM {row['relname']}")
            )
            for row in tables
        }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared() -> AsyncIterator[ServiceDatabase]:
    async with temporary_database("erp_bridge") as stored:
        yield stored


@pytest.fixture
async def bridge(shared: ServiceDatabase, tmp_path: Path) -> AsyncIterator[Bridge]:
    stored = shared
    await _empty(stored)
    settings = BridgeSettings(
        database_url=stored.rw_url,
        database_backbone_url=stored.backbone_url,
        broker_url="amqp://none",
        environment="demonstration",
        issuer="http://issuer.test",
        jwks_url="http://issuer.test/jwks",
        drop_folder_root=tmp_path / "drop",
        erp_networks="127.0.0.0/8",
        key_secret="only-for-tests-0123456789abcdefghij",
    )
    clock = FixedClock(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
    built = service(settings)
    async with app_client(built, stored, clock=clock) as app:
        yield Bridge(stored, app, built, clock, tmp_path / "drop", UUID(int=1))


async def _empty(stored: ServiceDatabase) -> None:
    """Emptying costs a test less than a database of its own."""
    await stored.fetch(
        "TRUNCATE directory_people, connections, mapping_versions, customers, records, conflicts,"
        " checkpoints, remote_schemas, runs, documents, links, link_counts, failures, reconciliations,"
        " reconciliation_differences, outbox, stream_heads, jobs,"
        " idempotency_keys, inbox, newest_applied, parking"
    )


@pytest.fixture
def again(bridge: Bridge) -> Callable[[Callable[[Bridge], Awaitable[Any]]], Awaitable[Any]]:
    """Makes a thing anew, as the only one."""

    async def made(make: Callable[[Bridge], Awaitable[Any]]) -> Any:
        await _empty(bridge.stored)
        shutil.rmtree(bridge.root, ignore_errors=True)
        return await make(bridge)

    return made
