"""Stores anchors, and the keys that sign them, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..domain.anchors import Anchor, AnchorKey

QUERIES = load_queries(__package__)


class PostgresAnchors:
    """Implements `ports.Anchors` on one transaction."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def has(self, day: date) -> bool:
        return await self._work.fetchval(QUERIES.find_anchor, day=day) is not None

    async def find_newest(self) -> Anchor | None:
        row = await self._work.fetchrow(QUERIES.find_newest_anchor)
        return Anchor(**row) if row else None

    async def insert(self, anchor: Anchor) -> None:
        self._work.write(
            QUERIES.insert_anchor,
            day=anchor.day,
            number=anchor.number,
            hash=anchor.hash,
            signed_at=anchor.signed_at,
            kid=anchor.kid,
            signature=anchor.signature,
        )

    async def between(self, after: int, through: int | None) -> list[Anchor]:
        rows = await self._work.fetch(QUERIES.list_anchors, after=after, through=through)
        return [Anchor(**row) for row in rows]


class PostgresAnchorKeys:
    """Implements `ports.AnchorKeys` on one transaction."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock(self) -> Sequence[AnchorKey]:
        await self._work.execute(QUERIES.lock_anchor_keys)
        return await self.all()

    async def all(self) -> Sequence[AnchorKey]:
        return [AnchorKey(**row) for row in await self._work.fetch(QUERIES.list_anchor_keys)]

    async def insert(self, key: AnchorKey) -> None:
        self._work.write(
            QUERIES.insert_anchor_key,
            kid=key.kid,
            public=key.public,
            attestation=key.attestation,
            sealed=key.sealed,
            signs_from=key.signs_from,
        )

    async def delete_private(self, kid: str) -> None:
        self._work.write(QUERIES.delete_private_key, kid=kid)
