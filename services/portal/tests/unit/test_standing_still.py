"""Whoever meets a service that stands still waits in vain; others are spared it until it answers again."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from portal.adapters.client import Away, Services

PATIENCE = 0.5


async def test_a_service_that_stood_still_is_waited_for_briefly_until_it_answers() -> None:
    moves = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await moves.wait()
        return web.json_response({})

    async def waited(services: Services, method: str = "GET") -> float:
        began = time.monotonic()
        with pytest.raises(Away):
            await services.ask("brief", method, "/v1/things", {})
        return time.monotonic() - began

    app = web.Application()
    app.router.add_route("*", "/v1/things", answer)
    async with TestServer(app) as server:
        services = Services({"brief": str(server.make_url(""))}, PATIENCE)
        assert await waited(services) >= PATIENCE
        assert await waited(services) < PATIENCE / 2
        assert await waited(services, "POST") >= PATIENCE, "what is sent may have been done"
        moves.set()
        await services.ask("brief", "GET", "/v1/things", {})
        moves.clear()
        assert await waited(services) >= PATIENCE
        moves.set()
        await services.close()
