"""The load generator: HTTP/1.1 over kept connections, with as little work a request as asyncio allows.

It shares the machine with what it measures. What it spends is therefore missing there, and a client library
would spend more on a request than some contenders do.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Generator:
    """Posts one JSON body to `url`, as the holders of `tokens` in turn. Makes the connections it needs."""

    def __init__(self, url: str, body: bytes, tokens: Sequence[str]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._heads: Iterator[bytes] = itertools.cycle(
            (
                f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: "
            ).encode()
            for token in tokens
        )
        self._tail = b"\r\n\r\n" + body
        prefix = secrets.token_hex(8)
        self._keys = (f"{prefix}-{number}".encode() for number in itertools.count())
        self._idle: list[_Connection] = []
        self._opened: list[_Connection] = []

    async def post(self) -> tuple[int, bytes]:
        """Posts once, with an idempotency key of its own; returns the answer's status and body."""
        connection = self._idle.pop() if self._idle else await self._connect()
        answer = await connection.ask(next(self._heads) + next(self._keys) + self._tail)
        self._idle.append(connection)
        return answer

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        self._opened.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._opened:
            connection.close()


class _Connection(asyncio.Protocol):
    """One request at a time. Answers need a Content-Length, which all contenders send."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        if self._transport.is_closing():
            raise ConnectionResetError("the server closed a kept connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        head = received.find(b"\r\n\r\n")
        length = _LENGTH.search(received, 0, head) if head >= 0 else None
        if length is None or len(received) < head + 4 + int(length[1]):
            self._received = received
            return
        self._received = b""
        if not self._answer.done():
            self._answer.set_result((int(received[9:12]), received[head + 4 :]))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("closed instead of an answer"))
            self._answer.exception()  # not to be warned of where nobody waits

    def close(self) -> None:
        self._transport.close()
