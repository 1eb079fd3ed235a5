"""Whether a process lives, and whether it is ready to take work."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
from aiohttp import web

from .db import Database
from .http.addresses import Addresses
from .metrics import POOL_IDLE, POOL_SIZE, exposition
from .migrate import missing_migrations
from .postgres import UNAVAILABLE
from .service import Service


class Health:
    """`/livez` touches nothing; `/readyz` asks the database, but not the broker: the outbox absorbs that."""

    def __init__(self, database: Database, backbone: Database, service: Service[Any]) -> None:
        self._database = database
        self._backbone = backbone
        self._service = service
        self._migrated = False
        self.draining = False

    def mount(self, addresses: Addresses) -> None:
        addresses.add("GET", "/livez", self._livez)
        addresses.add("GET", "/readyz", self._readyz)
        addresses.add("GET", "/metrics", self._metrics)

    async def _livez(self, _: web.BaseRequest, __: dict[str, str]) -> web.Response:
        return _answer(200, {"status": "alive"})

    async def _readyz(self, _: web.BaseRequest, __: dict[str, str]) -> web.Response:
        if self.draining:
            return _answer(503, {"status": "draining"})
        try:
            async with self._database.connection() as connection:
                if not self._migrated:
                    missing = await missing_migrations(connection, self._service.package)
                    if missing:
                        return _answer(503, {"status": "migrations missing", "missing": missing})
                    self._migrated = True
                else:
                    await connection.execute("SELECT 1")
        except UNAVAILABLE as error:
            return _answer(503, {"status": "database unavailable", "error": type(error).__name__})
        return _answer(200, {"status": "ready"})

    async def _metrics(self, _: web.BaseRequest, __: dict[str, str]) -> web.Response:
        # Asyncpg counts by looking at every connection: too dear to do for each use of one.
        pools = (self._database.pool, self._backbone.pool)
        POOL_SIZE.set(sum(pool.get_size() for pool in pools))
        POOL_IDLE.set(sum(pool.get_idle_size() for pool in pools))
        if self._service.measure is not None:
            # A database that is away must not take the process's own figures with it.
            with contextlib.suppress(*UNAVAILABLE):
                async with self._backbone.connection() as connection:
                    await self._service.measure(connection)
        return web.Response(
            body=exposition(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )


def _answer(status: int, body: dict[str, object]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
