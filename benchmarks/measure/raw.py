"""What PostgreSQL and RabbitMQ can do on this machine, at this moment, with nothing above them."""

from __future__ import annotations

import asyncio
import time
import uuid
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from optima_kit.broker import Broker, Publisher
from optima_kit.frames import Outgoing

from .stack import Figure

_CLIENTS = 8
_BATCH = 500


async def single_row_commits(postgres_url: str, seconds: float) -> Figure:
    """One row a transaction, by eight clients, on the stack's own PostgreSQL."""
    database = f"bench_{uuid.uuid4().hex[:8]}"
    root = await asyncpg.connect(postgres_url)
    await root.execute(f"CREATE DATABASE {database}")
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{database}"))
    try:
        pool = await asyncpg.create_pool(url, min_size=_CLIENTS, max_size=_CLIENTS)
        await pool.execute(
            "CREATE TABLE rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)"
        )
        ends = time.perf_counter() + seconds

        async def client() -> int:
            done = 0
            async with pool.acquire() as connection:
                insert = await connection.prepare("INSERT INTO rows (body) VALUES ($1)")
                while time.perf_counter() < ends:
                    await insert.fetch("x" * 200)
                    done += 1
            return done

        began = time.perf_counter()
        total = sum(await asyncio.gather(*(client() for _ in range(_CLIENTS))))
        rate = total / (time.perf_counter() - began)
        await pool.close()
    finally:
        await root.execute(f"DROP DATABASE {database} WITH (FORCE)")
        await root.close()
    return Figure("raw: single-row commits, 8 clients", rate, "/s")


async def confirmed_publishes(amqp_url: str, seconds: float) -> Figure:
    """Persistent messages to a quorum queue, pipelined confirms, on the stack's own RabbitMQ."""
    queue = f"bench.{uuid.uuid4().hex[:8]}"
    body = b"x" * 600
    async with Broker(amqp_url, "benchmark") as broker:
        async with broker.channel() as channel:
            await channel.call(
                channel.raw.queue_declare, queue=queue, durable=True, arguments={"x-queue-type": "quorum"}
            )
        publisher = Publisher(broker, "", "application/octet-stream")
        done = 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            batch = [Outgoing(str(number), queue, body) for number in range(_BATCH)]
            done += sum(await publisher.publish(batch))
        rate = done / (time.perf_counter() - began)
        async with broker.channel() as channel:
            await channel.call(channel.raw.queue_delete, queue=queue)
    return Figure("raw: confirmed publishes to a quorum queue", rate, "/s")
