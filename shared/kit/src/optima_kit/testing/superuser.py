"""The superuser's connections to databases of tests, which outlive the event loops of the tests.

Each test has an event loop of its own, and a connection belongs to one loop. These belong to the loop of a
thread that runs until the process ends. For a new connection PostgreSQL starts a process, which reads the
catalogs anew: that costs more than most tests ask of it.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

T = TypeVar("T")

_idle: dict[str, list[asyncpg.Connection[Any]]] = defaultdict(list)
"""Connections that nobody uses at the moment, by address. Only the thread touches them."""


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="superuser of tests", daemon=True).start()
    return loop


async def as_superuser(url: str, do: Callable[[asyncpg.Connection[Any]], Awaitable[T]]) -> T:
    """Call `do` with a connection that nobody else has meanwhile, in the thread."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_lend(url, do), _loop()))


async def disconnect_superuser(url: str) -> None:
    """Close the idle connections to a database, before it is dropped."""

    async def close() -> None:
        for connection in _idle.pop(url, []):
            connection.terminate()

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(close(), _loop()))


async def _lend(url: str, do: Callable[[asyncpg.Connection[Any]], Awaitable[T]]) -> T:
    connection = None
    while connection is None and _idle[url]:
        kept = _idle[url].pop()
        if await _answers(kept):
            connection = kept
    if connection is None:
        connection = await asyncpg.connect(url)
    usable = False
    try:
        done = await do(connection)
        usable = True
        return done
    except asyncpg.PostgresError:
        usable = not connection.is_closed()
        raise
    finally:
        # A transaction that was left open would go on in somebody else's test.
        if usable and not connection.is_in_transaction():
            _idle[url].append(connection)
        else:
            connection.terminate()


async def _answers(connection: asyncpg.Connection[Any]) -> bool:
    """Tell whether the connection can be used, and close it otherwise. A connection whose server process was
    ended does not know it until its end has arrived."""
    try:
        await connection.execute("SELECT")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        connection.terminate()
        return False
    return True
