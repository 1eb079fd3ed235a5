"""POST → event → second service → visible: loops, and how fast and at what cost they turn.

A loop posts over HTTP and ends when the second service has committed what came of it. Where clients wait for
that, its table is read every few milliseconds, once for all of them, so that looking costs little.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import orjson

from .generator import Generator
from .stack import Samples

_MANY = 16
"""From so many waiting loops on, the table is read less often."""
_LOOK_EVERY, _LOOK_EVERY_FOR_MANY = 0.002, 0.005
_LOOK_FOR = 128
"""At once, those who have waited longest: more do not become visible between two looks."""
_COUNT_EVERY = 0.05
_DRAINED_WITHIN = 120


@dataclass(frozen=True, slots=True)
class Count:
    """A statement that counts what a service has written, and the database that it runs in."""

    database_url: str
    statement: str


@dataclass(frozen=True, slots=True)
class Path:
    """What is posted where, and what shows that the second service has done its part."""

    name: str
    url: str
    body: dict[str, str]
    answered_id: str
    """The answer's field that identifies what was posted."""
    written: Count
    """How many loops the second service has ended."""
    visible: str
    """Selects, of the ids in $1, those that the second service has written."""
    also: tuple[Count, ...] = ()
    """Whatever else takes part: nobody waits for it, but a turn's CPU time is read when it has caught up."""


@dataclass(slots=True)
class Flow:
    """Posts on a path, and watches for what comes of it."""

    path: Path
    generator: Generator
    counting: Sequence[tuple[asyncpg.Connection, str]]
    """The second service's first, then what else takes part."""
    _waiting: dict[uuid.UUID, asyncio.Future[float]] = field(default_factory=dict)
    _id: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._id = re.compile(rb'"%s": *"([0-9a-f-]{36})"' % self.path.answered_id.encode())

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Looks for what is waited for."""
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.wait({watcher})

    async def _watch(self) -> None:
        look = await self.counting[0][0].prepare(self.path.visible)
        while True:
            if self._waiting:
                oldest = list(itertools.islice(self._waiting, _LOOK_FOR))
                for (found,) in await look.fetch(oldest):
                    self._waiting.pop(found).set_result(time.perf_counter())
            await asyncio.sleep(_LOOK_EVERY if len(self._waiting) < _MANY else _LOOK_EVERY_FOR_MANY)

    async def post(self) -> tuple[str, float, float]:
        """Posts; returns what it is known by, when the answer came, and how long it took."""
        began = time.perf_counter()
        status, body = await self.generator.post()
        answered = time.perf_counter()
        found = self._id.search(body) if status == 201 else None
        if found is None:
            raise RuntimeError(f"{self.path.url} answered {status}: {body.decode()}")
        return found[1].decode(), answered, answered - began

    async def visible(self, posted: str) -> float:
        """When the second service had written it."""
        waiting: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[uuid.UUID(posted)] = waiting
        return await waiting

    async def counts(self) -> list[int]:
        """What the second service and whatever else takes part have written so far."""
        return [int(await connection.fetchval(statement)) for connection, statement in self.counting]


@asynccontextmanager
async def flow_on(path: Path, tokens: Sequence[str]) -> AsyncIterator[Flow]:
    """Ready to post."""
    generator = Generator(path.url, orjson.dumps(path.body), tokens)
    counts = [path.written, *path.also]
    connections = [await asyncpg.connect(count.database_url) for count in counts]
    try:
        statements = [count.statement for count in counts]
        yield Flow(path, generator, list(zip(connections, statements, strict=True)))
    finally:
        generator.close()
        for connection in connections:
            await connection.close()


@dataclass(slots=True)
class FlowResult:
    """`answer`: the request's duration. `handled`: from the answer until the second service had committed."""

    seconds: float
    answer: Samples = field(default_factory=Samples)
    handled: Samples = field(default_factory=Samples)

    @property
    def loops(self) -> int:
        return len(self.handled.values)

    @property
    def per_second(self) -> float:
        return self.loops / self.seconds


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contender's turn came to."""

    loops: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.loops / self.seconds


async def closed_loop(flow: Flow, clients: int, seconds: float) -> FlowResult:
    """Each client begins its next loop when the last one is visible."""
    result = FlowResult(0.0)

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            await _one(flow, result)

    async with asyncio.timeout(seconds + _DRAINED_WITHIN), flow.watching():
        began = time.perf_counter()
        async with asyncio.TaskGroup() as running:
            for _ in range(clients):
                running.create_task(client())
        result.seconds = time.perf_counter() - began
    return result


async def open_loop(flow: Flow, per_second: float, seconds: float) -> FlowResult:
    """Requests begin at fixed times, however long the earlier ones take."""
    result = FlowResult(0.0)
    async with asyncio.timeout(seconds + _DRAINED_WITHIN), flow.watching():
        began = time.perf_counter()
        async with asyncio.TaskGroup() as running:
            for number in range(max(1, int(per_second * seconds))):
                await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
                running.create_task(_one(flow, result))
        result.seconds = time.perf_counter() - began
    return result


async def visible_turn(flow: Flow, clients: int, seconds: float) -> Turn:
    """Each client waits until what it posted is visible in the second service."""
    before = await flow.counts()
    result = await closed_loop(flow, clients, seconds)
    await _drained(flow, before, result.loops)
    return Turn(result.loops, result.seconds)


async def answered_turn(flow: Flow, clients: int, seconds: float) -> Turn:
    """Each client waits for its answers alone; the turn ends when all that was posted is written."""
    before = await flow.counts()
    posted = 0

    async def client() -> None:
        nonlocal posted
        while time.perf_counter() - began < seconds:
            await flow.post()
            posted += 1

    began = time.perf_counter()
    async with asyncio.TaskGroup() as running:
        for _ in range(clients):
            running.create_task(client())
    await _drained(flow, before[:1], posted)
    took = time.perf_counter() - began
    await _drained(flow, before, posted)
    return Turn(posted, took)


async def _drained(flow: Flow, before: Sequence[int], posted: int) -> None:
    """Waits until so many more have been written, by each of those whose counts `before` names."""
    wanted = [count + posted for count in before]
    async with asyncio.timeout(_DRAINED_WITHIN):
        while True:
            counts = await flow.counts()
            if all(count >= want for count, want in zip(counts, wanted, strict=False)):
                return
            await asyncio.sleep(_COUNT_EVERY)


async def _one(flow: Flow, result: FlowResult) -> None:
    posted, answered, took = await flow.post()
    result.answer.values.append(took)
    visible = await flow.visible(posted)
    result.handled.values.append(max(0.0, visible - answered))
