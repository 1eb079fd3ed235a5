"""A connection's ceiling of calls holds for all processes together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from erp_bridge.application.pace import SharedPace

from ..conftest import Bridge


class Process:
    """One process of the bridge. Implements `ports.Work`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self._bridge.app.database.transaction(self._bridge.tenant_id) as work:
            yield self._bridge.service.ports(work)


async def test_processes_take_turns_at_even_distances(bridge: Bridge) -> None:
    await bridge.connect()
    (row,) = await bridge.stored.fetch("SELECT connection_id FROM connections")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    processes = [SharedPace(Process(bridge), row["connection_id"], 1, sleep) for _ in range(3)]
    await asyncio.gather(*(process.turn() for process in processes for _ in range(2)))
    # A minute apart: the first calls at once, and none meets another.
    assert sorted(round(each / 60) for each in waits) == [1, 2, 3, 4, 5]
