"""Tells whether a process is alive, and whether it is ready to take work."""

from __future__ import annotations

import orjson
from aiohttp import web

from .db import Database
from .http.addresses import Addresses
from .postgres import UNAVAILABLE


class Health:
    """The endpoints of health. `/livez` checks nothing. `/readyz` checks the database, but not the broker,
    whose outages the outbox absorbs. Neither answers before the migrations are applied."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.draining = False

    def mount(self, addresses: Addresses) -> None:
        addresses.add("GET", "/livez", self._livez)
        addresses.add("GET", "/readyz", self._readyz)

    async def _livez(self, _: web.BaseRequest, __: dict[str, str]) -> web.Response:
        return _answer(200, {"status": "alive"})

    async def _readyz(self, _: web.BaseRequest, __: dict[str, str]) -> web.Response:
        if self.draining:
            return _answer(503, {"status": "draining"})
        try:
            async with self._database.connection() as connection:
                await connection.execute("SELECT 1")
        except UNAVAILABLE as error:
            return _answer(503, {"status": "database unavailable", "error": type(error).__name__})
        return _answer(200, {"status": "ready"})


def _answer(status: int, body: dict[str, object]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
