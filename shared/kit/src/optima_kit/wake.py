"""Wakes the relay and the dispatcher of jobs after a commit, by a NOTIFY outside the command's transaction.

A NOTIFY inside a command would serialise all commits of the database. So it is sent afterwards, one for any
number of commits. If the process dies in between, the polling of both finds the rows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Set
from typing import Final, Literal

import asyncpg
import structlog

from .postgres import UNAVAILABLE

_LOG = structlog.get_logger(__name__)

Added = Literal["events", "jobs"]
"""What a transaction added: the relay waits for events, the dispatcher for jobs."""

CHANNEL: Final = "optima_wake"
_NOTIFY: Final = "SELECT pg_notify('optima_wake', $1)"


class WakeNotifier:
    """Sends a NOTIFY after commits, with what they added, one at a time.

    A `near` listener, in a process that is also a relay, is woken directly, without a NOTIFY.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], near: WakeListener | None = None) -> None:
        self._pool = pool
        self._near = near
        self._called = asyncio.Event()
        self._added: set[Added] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._send(), name="wake relay and dispatcher")

    async def stop(self) -> None:
        """Send a NOTIFY that is still pending, and stop."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._called.is_set():
            with contextlib.suppress(*UNAVAILABLE):
                await self._notify()

    def notify(self, added: Set[Added]) -> None:
        if self._near is not None:
            self._near.wake(added)
        else:
            self._added |= added
            self._called.set()

    async def _send(self) -> None:
        while True:
            await self._called.wait()
            self._called.clear()
            try:
                await self._notify()
            except UNAVAILABLE as error:
                # Both poll too, so nothing depends on this.
                _LOG.debug("not woken", error=repr(error))
                await asyncio.sleep(0.5)

    async def _notify(self) -> None:
        added, self._added = self._added, set()
        await self._pool.execute(_NOTIFY, " ".join(sorted(added)))


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
        self._waiting: list[tuple[Added, asyncio.Event]] = []
        self._keeper: asyncio.Task[None] | None = None

    def listen(self, added: Added) -> asyncio.Event:
        """Return an event that is set whenever something of that kind was added. The caller clears it."""
        wake = asyncio.Event()
        self._waiting.append((added, wake))
        return wake

    def start(self) -> None:
        self._keeper = asyncio.create_task(
            listen_for(self._pool, CHANNEL, self._told), name="listen for wake-ups"
        )

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    def wake(self, added: Set[str]) -> None:
        for wanted, wake in self._waiting:
            if wanted in added:
                wake.set()

    def _told(self, added: str) -> None:
        # `listen_for` passes nothing when it begins, and the previous release sends nothing: it may be any.
        self.wake(set(added.split()) or {"events", "jobs"})
