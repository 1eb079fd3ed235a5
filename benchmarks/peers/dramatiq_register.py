"""The second service with Dramatiq: an async actor writes a row for every note that was taken.

`dramatiq dramatiq_register --processes 1`; confirmed publishes, acknowledgement after the row is committed.
"""

from __future__ import annotations

import asyncio
import os
import uuid

import asyncpg
import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import AsyncIO

broker = RabbitmqBroker(url=os.environ["BROKER_URL"], confirm_delivery=True)
broker.add_middleware(AsyncIO())
dramatiq.set_broker(broker)
opening: list[asyncio.Task[asyncpg.Pool]] = []


@dramatiq.actor(queue_name="bench.dramatiq.taken")
async def taken(note_id: str, text: str) -> None:
    if not opening:
        opening.append(
            asyncio.ensure_future(asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8))
        )
    pool = await opening[0]
    await pool.execute(
        "INSERT INTO written (id, text) VALUES ($1, $2) ON CONFLICT DO NOTHING", uuid.UUID(note_id), text
    )
