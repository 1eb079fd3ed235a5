"""Lanes on a database that begins, fails and commits when the test says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from optima_kit import lanes as lanes_module
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.lanes import GROUP, Lanes
from optima_kit.testing import eventually

TENANT = new_id()


class Transaction:
    def mark(self) -> tuple[()]:
        return ()

    def changed_since(self, _: tuple[()]) -> bool:
        return True

    async def limit_waits_for_locks(self, _: int) -> None:
        pass


class FakeDatabase:
    """`beginning` are the transactions that wait for the test to let them begin or fail. With `ready`, they
    begin at once."""

    def __init__(self, *, ready: bool = False) -> None:
        self.ready = ready
        self.beginning: list[asyncio.Future[None]] = []
        self.committed = 0

    @asynccontextmanager
    async def begin(self, _: Any, *, lock_timeout_ms: int = 0) -> AsyncIterator[Transaction]:
        if not self.ready:
            answer = asyncio.get_running_loop().create_future()
            self.beginning.append(answer)
            await answer
        yield Transaction()
        self.committed += 1

    def let_begin(self) -> None:
        for each in self.beginning:
            each.set_result(None)
        self.beginning = []

    def let_fail(self) -> None:
        for each in self.beginning:
            each.set_exception(TimeoutError())
        self.beginning = []

    async def until_beginning(self, number: int) -> None:
        async def reached() -> bool:
            return len(self.beginning) == number

        await eventually(reached, describe=f"{number} transactions wait to begin")


def lanes_on(database: FakeDatabase) -> Lanes:
    return Lanes(cast(Database, database))


async def nothing(_: Any) -> str:
    return "done"


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_without_a_database_nobody_waits_for_more_than_two_failures(monkeypatch):
    """A failure may take ten seconds, so that those behind a group must not wait for one failure each."""
    monkeypatch.setattr(lanes_module, "SLOW_SECONDS", 0.0)
    database = FakeDatabase()
    lanes = lanes_on(database)
    many = 5 * GROUP
    running = [asyncio.ensure_future(lanes.run(TENANT, nothing)) for _ in range(many)]
    await database.until_beginning(1)
    database.let_fail()
    await database.until_beginning(many)
    database.let_fail()
    outcomes = await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 5)
    assert Counter(type(outcome) for outcome in outcomes) == {TimeoutError: many}


async def test_groups_grow_again_after_a_time_of_failures(monkeypatch):
    monkeypatch.setattr(lanes_module, "GROUP_SECONDS", 60.0)  # however busy the machine is
    database = FakeDatabase(ready=True)
    lanes = lanes_on(database)

    async def broken(_: Any) -> None:
        raise ZeroDivisionError

    mixed = [lanes.run(TENANT, each) for each in (nothing, broken) * 2 * GROUP]
    working = [lanes.run(TENANT, nothing) for _ in range(10 * GROUP)]
    outcomes = await asyncio.gather(*mixed, *working, return_exceptions=True)
    assert outcomes[len(mixed) :] == ["done"] * len(working)
    assert database.committed < len(mixed) / 2 + len(working) / 2


async def test_while_a_group_begins_slowly_no_other_does(monkeypatch):
    """Even if all lanes have given way, and one that did has ended."""
    monkeypatch.setattr(lanes_module, "SLOW_SECONDS", 0.0)
    database = FakeDatabase(ready=True)
    lanes = lanes_on(database)
    going_on = asyncio.Event()

    async def slow(_: Any) -> str:
        await going_on.wait()
        return "done"

    first = asyncio.ensure_future(lanes.run(TENANT, slow))
    await turns()  # its lane has given way
    database.ready = False
    second = asyncio.ensure_future(lanes.run(TENANT, nothing))
    await database.until_beginning(1)
    await turns()  # this one's, too
    going_on.set()
    assert await first == "done"
    third = asyncio.ensure_future(lanes.run(TENANT, nothing))
    await turns()
    assert len(database.beginning) == 1
    database.let_begin()
    assert await asyncio.wait_for(asyncio.gather(second, third), 5) == ["done"] * 2
    assert database.committed == 2
