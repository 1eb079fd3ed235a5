"""One relay publishes at a time; the lease goes over with its session."""

from __future__ import annotations

import asyncio
import signal

import pytest

from optima_kit.ids import new_id
from optima_kit.testing import eventually

pytestmark = [pytest.mark.servers, pytest.mark.faults]

HOLDERS = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


async def holders(stage):
    return [row["pid"] for row in await stage.where.fetch(HOLDERS)]


async def count(stage, subjects, each=5):
    await asyncio.gather(
        *(
            stage.tally.count(stage.database, stage.tenant, subject)
            for subject in subjects
            for _ in range(each)
        )
    )


async def test_of_three_relays_one_holds_the_lease_and_another_takes_it_over(stage):
    relays = [await stage.relay() for _ in range(3)]
    await stage.consumer()
    subjects = [new_id() for _ in range(5)]
    for relay in relays:
        await eventually(lambda: holders(stage))
        assert len(await holders(stage)) == 1
        await count(stage, subjects)
        await eventually(stage.all_sent)
        await relay.stop()
    assert await holders(stage) == []
    await stage.each_event_had_one_effect()


async def test_a_session_that_the_database_drops_gives_the_lease_to_another(stage):
    """Under load, again and again: what the old holder had on its way is published twice at worst."""
    await stage.relay()
    await stage.relay()
    await stage.consumer()
    subjects = [new_id() for _ in range(5)]
    for _ in range(4):
        counting = asyncio.create_task(count(stage, subjects, each=20))
        (holder,) = await eventually(lambda: holders(stage))
        await stage.where.fetch("SELECT pg_terminate_backend($1)", holder)
        await counting

        async def another(holder=holder):
            return [pid for pid in await holders(stage) if pid != holder]

        await eventually(another)
    await stage.each_event_had_one_effect()


async def test_a_holder_that_is_killed_is_followed_by_the_one_that_stands_by(stage):
    first = await stage.process("relay")
    await eventually(lambda: holders(stage))
    await stage.relay()
    await stage.consumer()
    subjects = [new_id() for _ in range(5)]
    counting = asyncio.ensure_future(count(stage, subjects, each=20))
    first.send_signal(signal.SIGKILL)
    await counting
    await stage.each_event_had_one_effect()
