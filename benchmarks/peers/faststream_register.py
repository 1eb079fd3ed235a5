"""The second service with FastStream: writes a row for every note that was taken.

A durable quorum queue, confirmed persistent publishes, acknowledgement after the row is committed.
"""

from __future__ import annotations

import os
import uuid

import asyncpg
import uvloop
from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from pydantic import BaseModel

TAKEN = RabbitQueue("bench.faststream.taken", queue_type=QueueType.QUORUM, durable=True)

broker = RabbitBroker(
    os.environ["BROKER_URL"],
    default_channel=Channel(prefetch_count=200, publisher_confirms=True),
    logger=None,
)
app = FastStream(broker, logger=None)
pools: list[asyncpg.Pool] = []


class NoteTaken(BaseModel):
    id: uuid.UUID
    text: str


@app.on_startup
async def open_pool() -> None:
    pools.append(await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8))


@broker.subscriber(TAKEN, ack_policy=AckPolicy.NACK_ON_ERROR)
async def taken(note: NoteTaken) -> None:
    await pools[0].execute(
        "INSERT INTO written (id, text) VALUES ($1, $2) ON CONFLICT DO NOTHING", note.id, note.text
    )


if __name__ == "__main__":
    uvloop.run(app.run())
