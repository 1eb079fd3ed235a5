"""How fast a connection may call its remote system."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from ..domain.connection import Connection


class EvenPace:
    """Implements `ports.Pace`: calls at even distances, whoever makes them in this process."""

    def __init__(
        self,
        calls_per_minute: int,
        *,
        time: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.calls_per_minute = calls_per_minute
        self._time = time or (lambda: asyncio.get_running_loop().time())
        self._sleep = sleep
        self._next = 0.0

    async def turn(self) -> None:
        now = self._time()
        at = max(now, self._next)
        self._next = at + 60 / self.calls_per_minute
        if at > now:
            await self._sleep(at - now)


class Unhurried:
    """Implements `ports.Pace` of connections without a ceiling."""

    async def turn(self) -> None:
        """At once."""


class Paces:
    """The pace of each connection, kept from run to run."""

    def __init__(self) -> None:
        self._known: dict[UUID, EvenPace] = {}

    def of(self, connection: Connection) -> EvenPace | Unhurried:
        if connection.calls_per_minute is None:
            return Unhurried()
        known = self._known.get(connection.connection_id)
        if known is None or known.calls_per_minute != connection.calls_per_minute:
            known = self._known[connection.connection_id] = EvenPace(connection.calls_per_minute)
        return known
