"""POST → event → second service → visible, in a closed and in an open loop.

A loop drafts a brief over HTTP and ends when the trail service has committed its entry of it. Visibility is
read from the trail's own table every few milliseconds, once for all loops, so that looking costs little.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg

from optima_local.demonstration.client import Person

from .stack import Samples

_LOOK_EVERY = 0.002


@dataclass(slots=True)
class Flow:
    """Drafts briefs as `people` in turn (each may ask so often a second) and watches the trail for them."""

    session: aiohttp.ClientSession
    brief_url: str
    people: list[Person]
    trail: asyncpg.Connection
    _waiting: dict[uuid.UUID, asyncio.Future[float]] = field(default_factory=dict)
    _seen: dict[uuid.UUID, float] = field(default_factory=dict)
    _turn: Iterator[Person] = field(init=False)

    def __post_init__(self) -> None:
        self._turn = itertools.cycle(self.people)

    async def watch(self) -> None:
        """Looks for new entries until cancelled."""
        last = await self.trail.fetchval("SELECT coalesce(max(number), 0) FROM entries")
        while True:
            rows = await self.trail.fetch(
                "SELECT number, correlation_id FROM entries"
                " WHERE number > $1 AND type = 'optima.brief.drafted.v1' ORDER BY number",
                last,
            )
            now = time.perf_counter()
            for row in rows:
                last = row["number"]
                waiting = self._waiting.pop(row["correlation_id"], None)
                if waiting is None:
                    self._seen[row["correlation_id"]] = now
                elif not waiting.done():
                    waiting.set_result(now)
            await asyncio.sleep(_LOOK_EVERY)

    async def post(self) -> tuple[uuid.UUID, float, float]:
        """Drafts a brief; returns its id, when the answer came, and how long it took."""
        headers = {"Authorization": f"Bearer {next(self._turn).token}", "Idempotency-Key": uuid.uuid4().hex}
        began = time.perf_counter()
        async with self.session.post(self.brief_url, json={"title": "Misura"}, headers=headers) as response:
            body: dict[str, Any] = await response.json()
            if response.status != 201:
                raise RuntimeError(f"drafting a brief was answered {response.status}: {body}")
        answered = time.perf_counter()
        return uuid.UUID(body["brief_id"]), answered, answered - began

    async def visible(self, brief_id: uuid.UUID) -> float:
        """When the trail had it."""
        seen = self._seen.pop(brief_id, None)
        if seen is not None:
            return seen
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[brief_id] = waiting
        return await asyncio.wait_for(waiting, 30)


@dataclass(slots=True)
class FlowResult:
    """`answer`: the request's duration. `handled`: from the answer until the second service had committed."""

    seconds: float
    answer: Samples = field(default_factory=Samples)
    handled: Samples = field(default_factory=Samples)

    @property
    def per_second(self) -> float:
        return len(self.handled.values) / self.seconds


async def closed_loop(flow: Flow, clients: int, seconds: float) -> FlowResult:
    """Each client begins its next loop when the last one is visible."""
    result = FlowResult(0.0)
    began = time.perf_counter()

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            await _one(flow, result)

    await asyncio.gather(*(client() for _ in range(clients)))
    result.seconds = time.perf_counter() - began
    return result


async def open_loop(flow: Flow, per_second: float, seconds: float) -> FlowResult:
    """Requests begin at fixed times, however long the earlier ones take."""
    result = FlowResult(0.0)
    began = time.perf_counter()
    running: set[asyncio.Task[None]] = set()
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        task = asyncio.create_task(_one(flow, result))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    result.seconds = time.perf_counter() - began
    return result


async def _one(flow: Flow, result: FlowResult) -> None:
    brief_id, answered, took = await flow.post()
    result.answer.values.append(took)
    visible = await flow.visible(brief_id)
    result.handled.values.append(max(0.0, visible - answered))
