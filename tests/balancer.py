"""What stands before several processes that serve the same: a Service of Kubernetes, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager


class Balancer:
    """Passes each connection on, to one port after the other; to the next, where nobody listens."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self.reached: set[int] = set()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """Gives the port on which it listens."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self.ports:
            port = self.ports.pop(0)
            self.ports.append(port)
            if await pass_on(reader, writer, port, reached=self.reached):
                return
        writer.close()


async def pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, reached: set[int] | None = None
) -> bool:
    """Passes a connection on to that port until it ends, and notes the port as reached. False where nobody
    listens."""
    try:
        there, back = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    if reached is not None:
        reached.add(port)
    await asyncio.gather(_copy(reader, back), _copy(there, writer))
    return True


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    except (ConnectionError, RuntimeError):
        pass  # the other side has gone; RuntimeError is what uvloop says where asyncio says nothing
    finally:
        target.close()
