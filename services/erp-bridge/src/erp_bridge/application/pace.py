"""Limit how fast a connection calls its remote system."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from ..domain.connection import Connection
from .ports import Endpoint, Work


@dataclass(frozen=True, slots=True)
class SharedPace:
    """Implements `ports.Pace`: calls are evenly spaced, whichever process makes them, because turns are
    reserved in the database."""

    work: Work
    connection_id: UUID
    calls_per_minute: int
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def turn(self) -> None:
        distance = timedelta(minutes=1) / self.calls_per_minute
        async with self.work.transaction() as ports:
            wait = await ports.connections.take_turn(self.connection_id, distance)
        if wait > timedelta():
            await self.sleep(wait.total_seconds())


def paced(work: Work, connection: Connection, endpoint: Endpoint) -> Endpoint:
    if connection.calls_per_minute is None:
        return endpoint
    return replace(endpoint, pace=SharedPace(work, connection.connection_id, connection.calls_per_minute))
