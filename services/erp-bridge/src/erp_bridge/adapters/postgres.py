"""Connections to ERPs in PostgreSQL. All statements are in queries.sql."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Absent
from optima_kit.sealing import Sealer
from optima_kit.sql import load_queries

from ..application.ports import (
    Checkpoint,
    ConnectionState,
    Connectors,
    MappingVersion,
    Outage,
    StoredSchema,
)
from ..domain.connection import Connection, Exchange
from ..domain.entities import Entity
from ..domain.failure import Problem
from ..domain.mapping import FieldMapping

QUERIES = load_queries(__package__)
_LAST_VERSION = 2**31 - 1


class PostgresConnections:
    def __init__(self, work: UnitOfWork, connectors: Connectors, sealer: Sealer) -> None:
        self._work = work
        self._connectors = connectors
        self._sealer = sealer

    async def lock_connection(self, key: str) -> Connection | None:
        row = await self._work.fetchrow(QUERIES.lock_connection, key=key)
        return self._connection(row) if row else None

    async def get_connection(self, key: str) -> Connection:
        row = await self._work.fetchrow(QUERIES.find_connection, key=key)
        if row is None:
            raise Absent("connection_absent")
        return self._connection(row)

    async def get_connection_by_id(self, connection_id: UUID) -> Connection:
        row = await self._work.fetchrow(QUERIES.find_connection_by_id, connection_id=connection_id)
        if row is None:
            raise Absent("connection_absent")
        return self._connection(row)

    async def lock_settings(self) -> None:
        await self._work.execute(QUERIES.lock_settings)

    async def list_connections(self) -> list[Connection]:
        return [self._connection(row) for row in await self._work.fetch(QUERIES.list_connections)]

    async def upsert_connection(self, connection: Connection) -> None:
        changes = {
            entity: {name: asdict(mapped) for name, mapped in fields.items()}
            for entity, fields in connection.changes.items()
        }
        self._work.write(
            QUERIES.upsert_connection,
            connection_id=connection.connection_id,
            key=connection.key,
            connector=connection.connector,
            settings=dict(connection.settings),
            secrets=self._sealed(connection),
            exchanges={
                entity: {
                    "enabled": each.enabled,
                    "every_minutes": each.every_minutes,
                    "at": [hour.isoformat("minutes") for hour in each.at],
                }
                for entity, each in connection.exchanges.items()
            },
            comparisons={
                entity: each.compare_at.isoformat("minutes")
                for entity, each in connection.exchanges.items()
                if each.compare_at is not None
            },
            changes=changes,
            mapping_version=connection.mapping_version,
            version=connection.version,
            calls_per_minute=connection.calls_per_minute,
        )
        self._work.write(
            QUERIES.insert_mapping_version,
            connection_id=connection.connection_id,
            version=connection.mapping_version,
            changes=changes,
            since=self._work.now,
        )

    async def take_turn(self, connection_id: UUID, distance: timedelta) -> timedelta:
        wait = await self._work.fetchval(QUERIES.upsert_turn, connection_id=connection_id, distance=distance)
        return timedelta(seconds=wait)

    async def list_mapping_versions(
        self, connection_id: UUID, *, before: int | None, limit: int
    ) -> list[MappingVersion]:
        rows = await self._work.fetch(
            QUERIES.list_mapping_versions,
            connection_id=connection_id,
            before=_LAST_VERSION if before is None else before,
            limit=limit,
        )
        return [MappingVersion(row["version"], _changes(row["changes"]), row["since"]) for row in rows]

    async def update_last_import(self, connection_id: UUID, at: datetime) -> None:
        self._work.write(QUERIES.update_last_import, connection_id=connection_id, at=at)

    async def list_connection_states(
        self, *, key: str | None = None, after: str | None = None, limit: int = 1
    ) -> list[tuple[Connection, ConnectionState]]:
        rows = await self._work.fetch(QUERIES.list_connection_states, key=key, after=after or "", limit=limit)
        return [(self._connection(row), _state(row)) for row in rows]

    def _connection(self, row: asyncpg.Record) -> Connection:
        changes = _changes(row["changes"])
        exchanges: dict[Entity, Exchange] = {
            entity: Exchange(
                **{**each, "at": tuple(time.fromisoformat(hour) for hour in each["at"])},
                compare_at=time.fromisoformat(hour) if (hour := row["comparisons"].get(entity)) else None,
            )
            for entity, each in row["exchanges"].items()
        }
        mapping = self._connectors.get(row["connector"]).mapping().with_changes(changes)
        values = {name: row[name] for name in Connection.__dataclass_fields__ if name != "mapping"}
        known = {"changes": changes, "exchanges": exchanges, "secrets": self._opened(row)}
        return Connection(**{**values, **known}, mapping=mapping)

    def _sealed(self, connection: Connection) -> bytes | None:
        plain = json.dumps(dict(connection.secrets)).encode()
        return self._sealer.sealed(plain, str(connection.connection_id)) if connection.secrets else None

    def _opened(self, row: asyncpg.Record) -> dict[str, str]:
        if row["secrets"] is None:
            return {}
        opened: dict[str, str] = json.loads(self._sealer.opened(row["secrets"], str(row["connection_id"])))
        return opened


class PostgresCheckpoints:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_checkpoint(self, connection_id: UUID, entity: Entity) -> Checkpoint | None:
        found: Checkpoint | None = await self._work.fetchval(
            QUERIES.find_checkpoint, connection_id=connection_id, entity=entity
        )
        return found

    async def advance_checkpoint(
        self, connection_id: UUID, entity: Entity, before: Checkpoint | None, after: Checkpoint
    ) -> bool:
        now = self._work.now
        if before is None:
            added = await self._work.execute(
                QUERIES.insert_checkpoint,
                connection_id=connection_id,
                entity=entity,
                after=dict(after),
                now=now,
            )
            return added == 1
        advanced = await self._work.execute(
            QUERIES.update_checkpoint,
            connection_id=connection_id,
            entity=entity,
            before=dict(before),
            after=dict(after),
            now=now,
        )
        return advanced == 1

    async def reset_checkpoint(self, connection_id: UUID, entity: Entity) -> None:
        self._work.write(QUERIES.delete_checkpoint, connection_id=connection_id, entity=entity)


class PostgresSchemas:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_schema(self, connection_id: UUID, entity: Entity) -> StoredSchema | None:
        row = await self._work.fetchrow(QUERIES.find_schema, connection_id=connection_id, entity=entity)
        return StoredSchema(**dict(row)) if row else None

    async def save_schema(
        self, connection_id: UUID, entity: Entity, fields: Mapping[str, bool], at: datetime
    ) -> None:
        self._work.write(
            QUERIES.upsert_schema, connection_id=connection_id, entity=entity, fields=dict(fields), at=at
        )

    async def delete_schema(self, connection_id: UUID, entity: Entity) -> None:
        self._work.write(QUERIES.delete_schema, connection_id=connection_id, entity=entity)


def _changes(stored: Mapping[Entity, Any]) -> dict[Entity, dict[str, FieldMapping]]:
    return {
        entity: {name: FieldMapping(**mapped) for name, mapped in fields.items()}
        for entity, fields in stored.items()
    }


def _state(row: asyncpg.Record) -> ConnectionState:
    outage = row["outage_since"] and Outage(
        row["outage_since"],
        row["outage_attempts"],
        row["outage_retry_at"],
        Problem(**row["outage_problems"][0]),
    )
    names = ("links", "waiting", "oldest_waiting_since", "last_export_at", "failures", "paused")
    return ConnectionState(**{name: row[name] for name in names}, outage=outage)
