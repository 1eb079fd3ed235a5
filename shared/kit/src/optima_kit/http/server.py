"""The HTTP server of a process. It limits how long it waits for clients, and does not reveal its software."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import HttpVersion11, hdrs, web

from ..refusals import TooSlow

BODY_SECONDS: Final = 60.0
_LINGERING_SECONDS = 2.0
"""How long the body of a refused request is still read, so that its sender can receive the refusal."""


class _Request(web.BaseRequest):
    body_seconds = BODY_SECONDS

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers.popall(hdrs.SERVER, None)


class EdgeServer(web.Server):
    """A server that closes a connection if no complete request head arrives within `idle_seconds`, at its
    beginning or between two requests, and refuses a body that takes more than `body_seconds`."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        idle_seconds: float,
        body_seconds: float,
    ) -> None:
        super().__init__(
            handler,
            keepalive_timeout=idle_seconds,
            lingering_time=_LINGERING_SECONDS,
            access_log=None,
            auto_decompress=False,
        )
        self._body_seconds = body_seconds

    def _make_request(
        self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any
    ) -> web.BaseRequest:
        request = _Request(message, payload, protocol, writer, task, self._loop)
        request.body_seconds = self._body_seconds
        return request


@asynccontextmanager
async def in_time(request: web.BaseRequest) -> AsyncIterator[None]:
    """Limit the time in which the block reads the body. A client that waits for it gets `100 Continue` first.
    Raises TooSlow."""
    seconds = getattr(request, "body_seconds", BODY_SECONDS)
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # so that only the answer itself is counted
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TooSlow("body_too_slow", seconds=round(seconds)) from None
