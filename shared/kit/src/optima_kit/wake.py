"""Wakes the relay after a commit, by a NOTIFY outside the command's transaction.

A NOTIFY inside a command would serialise all commits of the database. So it is sent afterwards, one for any
number of commits. If the process dies in between, the relay's polling finds the rows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import asyncpg
import structlog

from .postgres import UNAVAILABLE

_LOG = structlog.get_logger(__name__)

CHANNEL: Final = "optima_wake"
_NOTIFY: Final = "NOTIFY optima_wake"


class WakeNotifier:
    """Sends a NOTIFY after commits that added events or jobs, one at a time.

    A `near` listener, in a process that is also a relay, is woken directly, without a NOTIFY.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], near: WakeListener | None = None) -> None:
        self._pool = pool
        self._near = near
        self._called = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._send(), name="wake the relay")

    async def stop(self) -> None:
        """Send a NOTIFY that is still pending, and stop."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._called.is_set():
            with contextlib.suppress(*UNAVAILABLE):
                await self._pool.execute(_NOTIFY)

    def notify(self) -> None:
        if self._near is not None:
            self._near.wake()
        else:
            self._called.set()

    async def _send(self) -> None:
        while True:
            await self._called.wait()
            self._called.clear()
            try:
                await self._pool.execute(_NOTIFY)
            except UNAVAILABLE as error:
                # The relay polls too, so nothing depends on this.
                _LOG.debug("relay not woken", error=repr(error))
                await asyncio.sleep(0.5)


async def listen_for(
    pool: asyncpg.Pool[asyncpg.Record], channel: str, heard: Callable[[str], object]
) -> None:
    """Call `heard` with each message that is sent to the channel. Call it with an empty text whenever
    listening begins (again), since messages before that are lost."""

    def told(_: object, __: int, ___: str, payload: object) -> None:
        heard(str(payload))

    while True:
        try:
            async with pool.acquire() as connection:
                ended = asyncio.Event()
                connection.add_termination_listener(lambda _, ended=ended: ended.set())
                await connection.add_listener(channel, told)
                heard("")
                try:
                    await ended.wait()
                finally:
                    if not connection.is_closed():
                        await connection.remove_listener(channel, told)
        except UNAVAILABLE as error:
            _LOG.debug("not listening", channel=channel, error=repr(error))
        await asyncio.sleep(0.5)


class WakeListener:
    """Receives the notifications of all processes of the service."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._waiting: list[asyncio.Event] = []
        self._keeper: asyncio.Task[None] | None = None

    def listen(self) -> asyncio.Event:
        """Return an event that is set at each wake-up. The caller clears it."""
        wake = asyncio.Event()
        self._waiting.append(wake)
        return wake

    def start(self) -> None:
        self._keeper = asyncio.create_task(
            listen_for(self._pool, CHANNEL, self.wake), name="listen for wake-ups"
        )

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    def wake(self, *_: object) -> None:
        for each in self._waiting:
            each.set()
