"""How whoever commits wakes the relay: NOTIFY, outside the command's own transaction.

A NOTIFY inside a command would serialise all commits of the database. So it is sent afterwards, one for
any number of commits; should the process die in between, the relay's polling finds the rows.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import asyncpg
import structlog

from .postgres import UNAVAILABLE

_LOG = structlog.get_logger(__name__)

CHANNEL: Final = "optima_wake"
_NOTIFY: Final = "NOTIFY optima_wake"


class Bell:
    """Rung after a commit that added events or jobs; at most one NOTIFY is under way at a time.

    With an ear `near`, in a process that relays as well, it is heard there and needs no NOTIFY.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], near: Ear | None = None) -> None:
        self._pool = pool
        self._near = near
        self._rung = asyncio.Event()
        self._ringer: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._ringer = asyncio.create_task(self._notify(), name="wake the relay")

    async def stop(self) -> None:
        """Sends what was rung and stops."""
        if self._ringer is None:
            return
        self._ringer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ringer
        if self._rung.is_set():
            with contextlib.suppress(*UNAVAILABLE):
                await self._pool.execute(_NOTIFY)

    def ring(self) -> None:
        if self._near is not None:
            self._near.hear()
        else:
            self._rung.set()

    async def _notify(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self._pool.execute(_NOTIFY)
            except UNAVAILABLE as error:
                # The relay polls as well; nothing depends on this.
                _LOG.debug("relay not woken", error=repr(error))
                await asyncio.sleep(0.5)


class Ear:
    """Hears the bells of all processes of the service."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._listeners: list[asyncio.Event] = []
        self._keeper: asyncio.Task[None] | None = None

    def listen(self) -> asyncio.Event:
        """An event that is set at each ring; whoever waits for it clears it."""
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._listen(), name="listen for wake-ups")

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    async def _listen(self) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection:
                    ended = asyncio.Event()
                    connection.add_termination_listener(lambda _, ended=ended: ended.set())
                    await connection.add_listener(CHANNEL, self.hear)
                    self.hear()
                    try:
                        await ended.wait()
                    finally:
                        if not connection.is_closed():
                            await connection.remove_listener(CHANNEL, self.hear)
            except UNAVAILABLE as error:
                _LOG.debug("not listening", error=repr(error))
            await asyncio.sleep(0.5)

    def hear(self, *_: object) -> None:
        for listener in self._listeners:
            listener.set()
