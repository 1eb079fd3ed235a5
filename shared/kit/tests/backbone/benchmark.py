"""How fast events travel: `python shared/kit/tests/backbone/benchmark.py [events]`, on a quiet machine.

Needs OPTIMA_TEST_POSTGRES_URL and OPTIMA_TEST_AMQP_URL. One process holds relay and consumer. Prints events a
second through outbox → relay → RabbitMQ → consumer → inbox, and the time from commit to handled when idle.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from statistics import quantiles

import uvloop
from conftest import stage_on

from optima_kit.consumer import Consumer
from optima_kit.ids import new_id
from optima_kit.testing import temporary_database


async def fill(stage, count: int) -> None:
    subjects = [new_id() for _ in range(500)]
    for begin in range(0, count, 1000):
        async with stage.database.transaction(stage.tenant) as work:
            for index in range(begin, min(begin + 1000, count)):
                work.outbox.add(
                    stage.tally.Counted(value=index), subject=subjects[index % 500], correlation=subjects[0]
                )


async def until(stage, sql: str) -> None:
    connection = stage.backbone.pool
    while not await connection.fetchval(sql):  # noqa: ASYNC110 (what is polled is a database)
        await asyncio.sleep(0.02)


async def main(count: int) -> None:
    amqp_url = os.environ["OPTIMA_TEST_AMQP_URL"]
    async with temporary_database("tally") as where, stage_on(where, amqp_url) as stage:
        began = time.perf_counter()
        await fill(stage, count)
        print(
            f"written to the outbox: {count / (time.perf_counter() - began):,.0f} events/s (1,000 a commit)"
        )
        began = time.perf_counter()
        relay = await stage.relay()
        await until(stage, "SELECT NOT EXISTS (SELECT FROM outbox WHERE sent_at IS NULL)")
        print(f"relay alone: {count / (time.perf_counter() - began):,.0f} events/s")
        began = time.perf_counter()
        consumer = await stage.consumer()
        await until(stage, f"SELECT count(*) >= {count} FROM inbox")
        print(f"consumer alone: {count / (time.perf_counter() - began):,.0f} events/s")
        await fill(stage, count)
        began = time.perf_counter()
        await until(stage, f"SELECT count(*) >= {2 * count} FROM inbox")
        print(f"both at once, one process: {count / (time.perf_counter() - began):,.0f} events/s")

        handled: asyncio.Queue[float] = asyncio.Queue()
        observe = Consumer._observe
        Consumer._observe = lambda self, *a: (handled.put_nowait(time.perf_counter()), observe(self, *a))
        latencies = []
        for _ in range(500):
            await asyncio.sleep(0.01)
            await stage.tally.count(stage.database, stage.tenant, new_id())
            committed = time.perf_counter()
            latencies.append(1000 * (await handled.get() - committed))
        cuts = quantiles(latencies, n=100)
        print(f"commit to handled, idle: p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")
        await consumer.stop()
        await relay.stop()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
