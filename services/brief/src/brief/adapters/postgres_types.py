"""Types of briefs in PostgreSQL. Implements `application.ports.Types` on one transaction."""

from __future__ import annotations

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..domain.forms import Words
from ..domain.types import BriefType

QUERIES = load_queries(__package__ or "brief.adapters")


class PostgresTypes:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def insert_type(self, brief_type: BriefType) -> bool:
        version = await self._work.fetchval(
            QUERIES.insert_type,
            type_id=brief_type.type_id,
            key=brief_type.key,
            version=brief_type.version,
            name={"it": brief_type.name.it, "en": brief_type.name.en},
            form=dict(brief_type.schema),
            process=brief_type.process,
            kinds=list(brief_type.kinds),
            purchasing_owner_id=brief_type.purchasing_owner_id,
            offered=brief_type.offered,
            defined_at=brief_type.defined_at,
            defined_by=brief_type.defined_by,
        )
        return version is not None

    async def find_type(self, key: str, version: int | None = None) -> BriefType | None:
        row = await self._work.fetchrow(QUERIES.find_type, key=key, version=version)
        return _type(row) if row else None

    async def list_types(self, after: str, limit: int) -> list[BriefType]:
        return [_type(row) for row in await self._work.fetch(QUERIES.list_types, after=after, limit=limit)]


def _type(row: asyncpg.Record) -> BriefType:
    return BriefType(
        type_id=row["type_id"],
        key=row["key"],
        version=row["version"],
        name=Words(**row["name"]),
        schema=row["form"],
        process=row["process"],
        kinds=tuple(row["kinds"]),
        purchasing_owner_id=row["purchasing_owner_id"],
        offered=row["offered"],
        defined_at=row["defined_at"],
        defined_by=row["defined_by"],
    )
