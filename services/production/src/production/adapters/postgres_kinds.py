"""Kinds of item in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..domain.kinds import Kind, PhaseDefinition
from ..domain.sheets import FieldType, SheetField
from .rows import plain

QUERIES: Final = load_queries(__package__)


class PostgresKinds:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def list_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        rows = await self._work.fetch(QUERIES.list_kinds_named, keys=keys)
        return {row["key"]: _kind(row) for row in rows}

    async def lock_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        await self._work.execute(QUERIES.lock_kinds_shared)
        return await self.list_named(keys)

    async def lock_kind(self, key: str) -> Kind | None:
        await self._work.execute(QUERIES.lock_kinds)
        return (await self.list_named([key])).get(key)

    def upsert_kind(self, kind: Kind) -> None:
        phases = [
            {
                "key": phase.key,
                "name": phase.name,
                "after": list(phase.after),
                "quality_check": phase.quality_check,
                "skippable": phase.skippable,
                **({"unit": phase.unit} if phase.unit else {}),
                **({"factor": str(phase.factor)} if phase.factor != 1 else {}),
                **({"starts_on_parts": True} if phase.starts_on_parts else {}),
                **({"needs_proof": True} if phase.needs_proof else {}),
                **({"days": phase.days} if phase.days != 1 else {}),
                **({"daily_quantity": str(phase.daily_quantity)} if phase.daily_quantity else {}),
            }
            for phase in kind.phases
        ]
        self._work.write(
            QUERIES.upsert_kind,
            id=kind.id,
            key=kind.key,
            name=kind.name,
            phases=phases,
            tolerance_percent=kind.tolerance_percent,
            version=kind.version,
            sheet=[_stored_field(each) for each in kind.sheet],
        )

    async def list_kinds(self, after: str | None, limit: int) -> list[Kind]:
        return [
            _kind(row) for row in await self._work.fetch(QUERIES.list_kinds, after=after or "", limit=limit)
        ]


def _kind(row: asyncpg.Record) -> Kind:
    return Kind(
        id=row["id"],
        key=row["key"],
        name=row["name"],
        phases=tuple(_phase_definition(phase) for phase in row["phases"]),
        tolerance_percent=plain(row["tolerance_percent"]),
        version=row["version"],
        sheet=tuple(_sheet_field(each) for each in row["sheet"]),
    )


def _phase_definition(stored: dict[str, Any]) -> PhaseDefinition:
    exact = {"after": tuple(stored["after"]), "factor": Decimal(stored.get("factor", 1))}
    if "daily_quantity" in stored:
        exact["daily_quantity"] = Decimal(stored["daily_quantity"])
    return PhaseDefinition(**stored | exact)


def _stored_field(field: SheetField) -> dict[str, Any]:
    return {**asdict(field), "type": field.type.value}


def _sheet_field(stored: dict[str, Any]) -> SheetField:
    return SheetField(**stored | {"type": FieldType(stored["type"]), "choices": tuple(stored["choices"])})
