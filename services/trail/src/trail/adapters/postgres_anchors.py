"""Anchors and the keys that sign them, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from optima_kit.db import Connection
from optima_kit.sql import load_queries

from ..domain.anchors import Anchor, AnchorKey

QUERIES = load_queries(__package__)


class PostgresAnchors:
    """Implements `ports.Anchors` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def has(self, day: date) -> bool:
        return await self._connection.fetchval(QUERIES.find_anchor, day) is not None

    async def newest(self) -> Anchor | None:
        row = await self._connection.fetchrow(QUERIES.newest_anchor)
        return Anchor(**row) if row else None

    async def add(self, anchor: Anchor) -> None:
        await self._connection.execute(
            QUERIES.add_anchor,
            anchor.day,
            anchor.number,
            anchor.hash,
            anchor.signed_at,
            anchor.kid,
            anchor.signature,
        )

    async def between(self, after: int, through: int | None) -> list[Anchor]:
        rows = await self._connection.fetch(QUERIES.list_anchors, after, through)
        return [Anchor(**row) for row in rows]


class PostgresAnchorKeys:
    """Implements `ports.AnchorKeys` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self) -> Sequence[AnchorKey]:
        await self._connection.execute(QUERIES.lock_anchor_keys)
        return await self.all()

    async def all(self) -> Sequence[AnchorKey]:
        return [AnchorKey(**row) for row in await self._connection.fetch(QUERIES.list_anchor_keys)]

    async def add(self, key: AnchorKey) -> None:
        await self._connection.execute(
            QUERIES.add_anchor_key, key.kid, key.public, key.attestation, key.sealed, key.signs_from
        )

    async def forget_private(self, kid: str) -> None:
        await self._connection.execute(QUERIES.forget_private_key, kid)
