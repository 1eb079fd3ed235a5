"""Nobody waits for a service that stands still; one that is merely slow is waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from portal.adapters.client import Away, Services

PATIENCE = 1.5
AT_ONCE = 0.2
A_PAGE = 1.0


@dataclass
class Service:
    lives: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    services: Services = field(init=False)

    async def live(self, _: web.Request) -> web.Response:
        await self.lives.wait()
        return web.json_response({})

    async def answer(self, request: web.Request) -> web.Response:
        await self.answers.wait()
        return await self.live(request)

    async def ask(self, method: str = "GET") -> None:
        await self.services.ask("brief", method, "/v1/things", {})

    async def in_vain(self, method: str = "GET") -> float:
        began = time.monotonic()
        with pytest.raises(Away):
            await self.ask(method)
        return time.monotonic() - began


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service, app = Service(), web.Application()
    app.router.add_get("/livez", service.live)
    app.router.add_route("*", "/v1/things", service.answer)
    async with TestServer(app) as server:
        service.services = Services({"brief": str(server.make_url(""))}, PATIENCE)
        yield service
        await service.services.close()
        service.answers.set()
        service.lives.set()


async def test_one_that_stands_still_costs_less_than_a_second(service: Service) -> None:
    began = time.monotonic()
    await asyncio.gather(service.in_vain(), service.in_vain())
    assert await service.in_vain() < AT_ONCE, "what a page needs of it next is away as well"
    assert time.monotonic() - began < A_PAGE
    assert await service.in_vain("POST") >= PATIENCE, "what is sent may have been done"


async def test_one_that_is_slow_is_waited_for(service: Service) -> None:
    service.lives.set()
    assert await service.in_vain() >= PATIENCE
    asyncio.get_running_loop().call_later(A_PAGE, service.answers.set)
    await service.ask()


async def test_one_that_moves_again_is_asked_again(service: Service) -> None:
    await service.in_vain()
    service.lives.set()
    service.answers.set()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            return await service.ask()
        except Away:
            await asyncio.sleep(0.05)
    pytest.fail("it was never asked again")
