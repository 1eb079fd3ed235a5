"""Nobody waits for a service that stands still; one that is merely slow is waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from optima_kit.clock import SystemClock
from portal.adapters.client import AsPerson, ServiceAway, Services
from portal.adapters.sessions import BrowserSessions, SignedIn
from portal.application.ports import IssuerAway

PATIENCE = 2.5
AT_ONCE = 0.3
SLOW = 0.8
"""More than a service has to say that it lives."""
A_PAGE = 1.4
"""At rest it is 0.7; what is waited for to the end takes longer."""
POOL = 100
"""Connections that aiohttp holds at once."""


@dataclass
class Service:
    lives: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    services: Services = field(init=False)
    server: TestServer = field(init=False)

    async def live(self, _: web.Request) -> web.Response:
        await self.lives.wait()
        return web.json_response({})

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.put_nowait(request.method)
        await self.answers.wait()
        return await self.live(request)

    def answers_later(self) -> None:
        asyncio.get_running_loop().call_later(SLOW, self.answers.set)

    async def ask(self, method: str = "GET") -> None:
        await self.services.ask("brief", method, "/v1/things", {})

    async def in_vain(self, method: str = "GET") -> float:
        began = time.monotonic()
        with pytest.raises(ServiceAway):
            await self.ask(method)
        return time.monotonic() - began


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service, app = Service(), web.Application()
    app.router.add_get("/livez", service.live)
    app.router.add_route("*", "/v1/things", service.answer)
    async with TestServer(app) as service.server:
        service.services = Services({"brief": str(service.server.make_url(""))}, PATIENCE)
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
    service.answers_later()
    await service.ask()


async def test_one_that_is_behind_many_slow_answers_is_waited_for(service: Service) -> None:
    service.lives.set()
    others = [asyncio.ensure_future(service.ask("POST")) for _ in range(POOL)]
    for _ in others:
        await service.asked.get()
    service.answers_later()
    await service.ask()
    await asyncio.gather(*others, return_exceptions=True)


async def test_an_instance_that_takes_nothing_new_is_waited_for(service: Service) -> None:
    answer = asyncio.ensure_future(service.ask())
    await service.asked.get()
    for site in service.server.runner.sites:
        await site.stop()
    service.lives.set()
    service.answers_later()
    await answer


async def test_one_that_was_asked_whether_it_lives_is_not_asked_again(service: Service) -> None:
    assert not await service.services.lives("brief")
    began = time.monotonic()
    assert not await service.services.lives("brief")
    await service.in_vain()
    assert time.monotonic() - began < AT_ONCE


async def test_one_that_has_answered_is_asked_at_once(service: Service) -> None:
    await service.in_vain()
    service.lives.set()
    service.answers.set()
    await service.ask("POST")
    await service.ask()


async def test_one_that_moves_again_is_asked_again(service: Service) -> None:
    await service.in_vain()
    service.lives.set()
    service.answers.set()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            return await service.ask()
        except ServiceAway:
            await asyncio.sleep(0.05)
    pytest.fail("it was never asked again")


async def test_what_is_shown_once_does_not_wait_for_new_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovery codes: the factor is set up, whether or not identity lives a moment later."""

    async def stands_still(*_: object) -> NoReturn:
        raise IssuerAway

    monkeypatch.setattr("portal.adapters.sessions.renew_session", stands_still)
    nothing: Any = None
    sessions = BrowserSessions(nothing, nothing, nothing, nothing, SystemClock())
    await sessions.renew(SignedIn(nothing, nothing, AsPerson(nothing, {}, nothing)))
