"""Encrypts again what was encrypted under a former secret or with another cipher: `python -m trail reseal`.

It may run while the service runs, and again after an interruption. A row that is changed meanwhile is left
alone, and one that is already encrypted under the newest secret stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from .db import Database
from .sealing import SealBroken, SealedColumn
from .service import CommandLine, Service

_AT_ONCE: Final = 200


async def seal_anew(
    database: Database, backbone: asyncpg.Connection, columns: Sequence[SealedColumn]
) -> tuple[int, list[str]]:
    """Encrypt the columns again. Return how many values were encrypted again, and the names of those that no
    secret decrypts."""
    count, broken = 0, list[str]()
    for column in columns:
        for row in await backbone.fetch(column.tenants.sql):
            count += await _of_tenant(database, row["tenant_id"], column, broken)
    return count, broken


async def _of_tenant(database: Database, tenant_id: UUID, column: SealedColumn, broken: list[str]) -> int:
    count, after = 0, UUID(int=0)
    while True:
        async with database.transaction(tenant_id) as work:
            rows = await work.fetch(column.listed, after=after, limit=_AT_ONCE)
            for row in rows:
                try:
                    sealed = column.sealer.sealed_anew(row["sealed"], row["about"])
                except SealBroken:
                    broken.append(row["about"])
                    continue
                if sealed is not None:
                    work.write(column.update, id=row["id"], former=row["sealed"], sealed=sealed)
                    count += 1
        if len(rows) < _AT_ONCE:
            return count
        after = rows[-1]["id"]


async def _reseal(service: Service[Any], _: list[str]) -> int:
    settings = service.settings
    database = await Database.open(settings.database_url.get_secret_value(), source=service.source, size=1)
    backbone = await asyncpg.connect(settings.database_backbone_url.get_secret_value())
    try:
        count, broken = await seal_anew(database, backbone, service.sealed)
    finally:
        await backbone.close()
        await database.close()
    sys.stdout.write(f"{count} sealed anew\n")
    for about in broken:
        sys.stderr.write(f"no secret opens: {about}\n")
    return 1 if broken else 0


RESEAL: Final = CommandLine("reseal", lambda words: not words, _reseal)
