"""POST → event → second service → visible, in a closed and in an open loop.

A loop posts over HTTP and ends when the second service has committed what came of it. Visibility is read
from that service's own table every two milliseconds, once for all loops, so that looking costs little.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg

from .stack import Samples

_LOOK_EVERY = 0.002


@dataclass(frozen=True, slots=True)
class Path:
    """What is posted where, and what shows that the second service has done its part."""

    name: str
    url: str
    body: dict[str, str]
    answered_id: str
    """The answer's field that identifies what was posted."""
    database_url: str
    """The second service's database."""
    written: str
    """Selects, of the ids in $1, those that the second service has written."""


@dataclass(slots=True)
class Flow:
    """Posts on a path, as the holders of `tokens` in turn, and watches for what comes of it."""

    path: Path
    session: aiohttp.ClientSession
    tokens: Sequence[str]
    watched: asyncpg.Connection
    _waiting: dict[uuid.UUID, asyncio.Future[float]] = field(default_factory=dict)
    _turn: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self._turn = itertools.cycle(self.tokens)

    async def watch(self) -> None:
        """Looks for what is waited for until cancelled."""
        look = await self.watched.prepare(self.path.written)
        while True:
            if self._waiting:
                for (found,) in await look.fetch(list(self._waiting)):
                    self._waiting.pop(found).set_result(time.perf_counter())
            await asyncio.sleep(_LOOK_EVERY)

    async def post(self) -> tuple[uuid.UUID, float, float]:
        """Posts; returns what it is known by, when the answer came, and how long it took."""
        headers = {"Authorization": f"Bearer {next(self._turn)}", "Idempotency-Key": uuid.uuid4().hex}
        began = time.perf_counter()
        async with self.session.post(self.path.url, json=self.path.body, headers=headers) as response:
            body: dict[str, Any] = await response.json()
            if response.status != 201:
                raise RuntimeError(f"{self.path.url} answered {response.status}: {body}")
        answered = time.perf_counter()
        return uuid.UUID(body[self.path.answered_id]), answered, answered - began

    async def visible(self, posted: uuid.UUID) -> float:
        """When the second service had written it."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[posted] = waiting
        try:
            return await asyncio.wait_for(waiting, 30)
        finally:
            self._waiting.pop(posted, None)


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
    async with asyncio.TaskGroup() as running:
        for number in range(max(1, int(per_second * seconds))):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            running.create_task(_one(flow, result))
    result.seconds = time.perf_counter() - began
    return result


async def _one(flow: Flow, result: FlowResult) -> None:
    posted, answered, took = await flow.post()
    result.answer.values.append(took)
    visible = await flow.visible(posted)
    result.handled.values.append(max(0.0, visible - answered))
