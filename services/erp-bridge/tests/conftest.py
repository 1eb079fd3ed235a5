"""The bridge on a real database and real folders."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from erp_bridge.bootstrap import BridgeSettings, service
from optima_contracts.envelope import EventData
from optima_kit.clock import FixedClock
from optima_kit.service import Service
from optima_kit.testing import (
    Client,
    ServiceDatabase,
    ServiceHarness,
    settings_for,
)

HEADER = (
    "codice;ragione_sociale;partita_iva;codice_fiscale;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)
MILANO = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"


@dataclass(slots=True)
class Bridge:
    """One tenant's bridge."""

    stored: ServiceDatabase
    app: ServiceHarness
    clock: FixedClock
    root: Path

    @property
    def tenant_id(self) -> UUID:
        return self.app.tenant_id

    @property
    def service(self) -> Service[Any]:
        return self.app.service

    def as_(self, *roles: str, **facts: Any) -> Client:
        return self.app.sign_in(*roles, **facts)

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

    async def import_all(self, entity: str | None = None, *, dry_run: bool = False) -> list[dict[str, Any]]:
        """Of every entity, or of one."""
        wanted = {"dry_run": dry_run, **({"entity": entity} if entity else {})}
        response, answer = await self.as_("backoffice").post(
            "/v1/connections/gestionale/imports", json=wanted
        )
        assert response.status == 200, answer
        return answer["sources"]

    async def import_customers(self, *rows: str) -> None:
        """Has the ERP tell of customers, AURORA-MI if no others are given."""
        self.drop(*(rows or (MILANO,)))
        await self.import_all()

    async def tell(self, event: EventData, *, subject: UUID, correlation: UUID) -> None:
        """Hands an event over as the consumer does."""
        await self.app.deliver(
            event, subject=subject, correlation_id=correlation, source="/optima/production"
        )

    async def work(self) -> int:
        """Runs every job that is due."""
        return await self.app.run_due_jobs()

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


@pytest.fixture
async def bridge(
    database_for: Callable[[str], Awaitable[ServiceDatabase]], tmp_path: Path
) -> AsyncIterator[Bridge]:
    stored = await database_for("erp_bridge")
    settings = settings_for(
        stored,
        BridgeSettings,
        drop_folder_root=tmp_path / "drop",
        erp_networks="127.0.0.0/8",
    )
    clock = FixedClock(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
    async with ServiceHarness.serve(service(settings), stored, clock=clock, tenant_id=UUID(int=1)) as app:
        yield Bridge(stored, app, clock, tmp_path / "drop")


@pytest.fixture
def again(bridge: Bridge) -> Callable[[Callable[[Bridge], Awaitable[Any]]], Awaitable[Any]]:
    """Makes a thing anew, as the only one."""

    async def made(make: Callable[[Bridge], Awaitable[Any]]) -> Any:
        await bridge.stored.empty()
        shutil.rmtree(bridge.root, ignore_errors=True)
        return await make(bridge)

    return made
