"""Probes with which tests observe results, with deadlines instead of sleeping."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import asyncpg
import pytest

from ..db import Database

T = TypeVar("T")


async def eventually(
    check: Callable[[], Awaitable[T] | T], *, within: float = 20.0, describe: Callable[[], Any] | str = ""
) -> T:
    """Poll until `check` returns something true, and return that. Fail the test after `within` seconds."""
    deadline = time.monotonic() + within
    pause = 0.005
    while True:
        answer = check()
        seen = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if time.monotonic() > deadline:
            what = describe() if callable(describe) else describe
            what = await what if inspect.isawaitable(what) else what
            pytest.fail(f"not within {within} s: {what or check}; last seen: {seen!r}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)


@contextlib.contextmanager
def round_trips(database: Database) -> Iterator[list[str]]:
    """Collect the statements that `database` gets within the block, each of which is a round trip. The
    statements with which asyncpg looks types up once for each connection are left out."""
    asked: list[str] = []
    connection = database.connection

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        if "typeinfo_tree" not in query.query and "set_config('jit'" not in query.query:
            asked.append(query.query)

    @contextlib.asynccontextmanager
    async def listened_to() -> AsyncIterator[Any]:
        async with connection() as open_:
            with open_.query_logger(note):
                yield open_

    database.connection = listened_to  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        del database.connection
