"""What stands between a connector and an ERP in the tests, and has things go wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

import aiohttp
from aiohttp import web

Moment = Literal["before", "after"]
"""Of the request's effect: the ERP never heard of it, or did it and could not say so."""


_NEVER = 1 << 62


class FaultyProxy:
    """Passes requests on, but for what a test asked to go wrong."""

    def __init__(self, upstream: str, http: aiohttp.ClientSession) -> None:
        self._upstream = upstream
        self._http = http
        self.url = ""
        self.requests = 0
        self._cut: tuple[int, Moment] = (_NEVER, "before")
        self._when_cut: Callable[[], Awaitable[None]] | None = None
        self._answers: list[web.Response] = []
        self._nonsense: tuple[str, bytes] | None = None
        self._answer_at = (_NEVER, 0)

    def cut(self, request: int, moment: Moment, then: Callable[[], Awaitable[None]] | None = None) -> None:
        """The connection breaks at that request, 1 the next, and stays so: clients themselves repeat requests
        that do no harm. `then`: what happens at that moment besides."""
        self._cut = (self.requests + request, moment)
        self._when_cut = then

    def mend(self) -> None:
        self._cut = (_NEVER, "before")
        self._when_cut = None
        self._nonsense = None
        self._answer_at = (_NEVER, 0)

    def answer_next(self, status: int, content: bytes = b"", **headers: str) -> None:
        """Instead of the ERP: what a gateway before it says, or the ERP without having done anything."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers.append(web.Response(status=status, body=content, headers=named))

    def answer_at(self, request: int, status: int) -> None:
        """As `answer_next`, to the request of that number, 1 the next; the others go through."""
        self._answer_at = (self.requests + request, status)

    def answer_all(self, media_type: str, content: bytes) -> None:
        """Instead of the ERP, whatever is asked, until `mend`."""
        self._nonsense = media_type, content

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        breaks_at, moment = self._cut
        if self._nonsense is not None:
            media_type, content = self._nonsense
            return web.Response(body=content, content_type=media_type, headers={"Date": "yesterday"})
        if self._answers:
            return self._answers.pop(0)
        if self.requests == self._answer_at[0]:
            return web.Response(status=self._answer_at[1], headers={"Retry-After": "7"})
        if self.requests > breaks_at or (self.requests == breaks_at and moment == "before"):
            return await self._break(request)
        async with self._http.request(
            request.method,
            self._upstream + request.raw_path,
            data=await request.read(),
            headers={name: value for name, value in request.headers.items() if name != "Host"},
            allow_redirects=False,
        ) as answer:
            content = await answer.read()
        if self.requests == breaks_at:
            return await self._break(request)
        told = [
            (name, value)
            for name, value in answer.headers.items()
            if name not in ("Transfer-Encoding", "Content-Encoding", "Content-Length", "Server")
        ]
        passed = web.Response(status=answer.status, body=content)
        for name, value in told:
            if name == "Set-Cookie":
                passed.headers.add(name, value)
            else:
                passed.headers[name] = value
        return passed

    async def _break(self, request: web.Request) -> web.Response:
        if self._when_cut is not None:
            await self._when_cut()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


@asynccontextmanager
async def faulty_proxy(upstream: str) -> AsyncIterator[FaultyProxy]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        proxy = FaultyProxy(upstream, http)
        async with served(proxy.handle) as proxy.url:
            yield proxy


@asynccontextmanager
async def served(handle: web._Handler | object) -> AsyncIterator[str]:
    """A server on this machine to which all requests are the handler's; its address."""
    application = web.Application(client_max_size=1 << 26)
    application.router.add_route("*", "/{path:.*}", handle)  # type: ignore[arg-type]
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
