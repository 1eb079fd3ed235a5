"""The second service with taskiq: an async task writes a row for every note that was taken.

`taskiq worker taskiq_register:broker --workers 1`; a quorum queue, confirmed publishes, acknowledgement after
the row is committed.
"""

from __future__ import annotations

import os
import uuid

import asyncpg
from taskiq import TaskiqEvents, TaskiqState
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue

broker = AioPikaBroker(
    os.environ["BROKER_URL"],
    qos=200,
    exchange=Exchange(name="bench.taskiq.taken"),
    task_queues=[Queue(name="bench.taskiq.taken")],
    dead_letter_queue=Queue(name="bench.taskiq.taken.XQ"),
)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def open_pool(state: TaskiqState) -> None:
    state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8)


@broker.task
async def taken(note_id: str, text: str) -> None:
    await broker.state.pool.execute(
        "INSERT INTO written (id, text) VALUES ($1, $2) ON CONFLICT DO NOTHING", uuid.UUID(note_id), text
    )
