"""What tests share of a database's server must not tie one test to another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from optima_kit.testing import ServiceDatabase
from optima_kit.testing.superuser import as_superuser

pytestmark = pytest.mark.servers
PROCESS = "SELECT pg_backend_pid()"


@pytest.fixture
async def stored(database_for: Callable[[str], Awaitable[ServiceDatabase]]) -> ServiceDatabase:
    return await database_for("tally")


async def test_event_loops_share_a_server_process(stored: ServiceDatabase) -> None:
    async def process() -> int:
        return int((await stored.fetch(PROCESS))[0][0])

    with ThreadPoolExecutor(1) as thread:
        elsewhere = thread.submit(asyncio.run, process()).result()
    assert await process() == elsewhere


async def two_processes(stored: ServiceDatabase) -> list[int]:
    both = asyncio.Barrier(2)

    async def process(connection: asyncpg.Connection) -> int:
        await both.wait()
        return int(await connection.fetchval(PROCESS))

    async with asyncio.timeout(10):
        return await asyncio.gather(*(as_superuser(stored.superuser_url, process) for _ in range(2)))


async def test_two_at_once_have_a_process_each(stored: ServiceDatabase) -> None:
    one, other = await two_processes(stored)
    assert one != other


async def test_a_transaction_that_is_left_open_ends(stored: ServiceDatabase) -> None:
    await as_superuser(stored.superuser_url, lambda each: each.execute("BEGIN; CREATE TABLE one ()"))
    assert not await stored.fetch("SELECT FROM pg_class WHERE relname = 'one'")


async def test_a_process_that_was_ended_is_replaced(stored: ServiceDatabase) -> None:
    ((process,),) = await stored.fetch(PROCESS)
    async with asyncio.timeout(10), asyncpg.create_pool(stored.superuser_url) as pool:
        await pool.fetch("SELECT pg_terminate_backend($1, 5000)", process)
        assert await stored.fetch(PROCESS) != [(process,)]


async def test_one_whose_process_was_just_ended_is_replaced(stored: ServiceDatabase) -> None:
    """The end of an idle connection arrives at some moment after the server has ended its process."""
    for _ in range(50):
        processes = await two_processes(stored)
        await stored.fetch(
            "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid WHERE pid <> pg_backend_pid()",
            processes,
        )
        await two_processes(stored)
