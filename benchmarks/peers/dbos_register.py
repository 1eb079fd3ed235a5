"""The second service with DBOS: a durable workflow writes a row for every note that was taken, in one step.

PostgreSQL alone: the queue is a table, in the system database that both services know.
"""

from __future__ import annotations

import os
import threading
import uuid

import asyncpg
from dbos import DBOS, DBOSConfig

pools: list[asyncpg.Pool] = []


@DBOS.step()
async def write(note_id: str, text: str) -> None:
    if not pools:
        pools.append(await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8))
    await pools[0].execute(
        "INSERT INTO written (id, text) VALUES ($1, $2) ON CONFLICT DO NOTHING", uuid.UUID(note_id), text
    )


@DBOS.workflow(name="taken")
async def taken(note_id: str, text: str) -> None:
    await write(note_id, text)


if __name__ == "__main__":
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": os.environ["DATABASE_URL"],
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue("taken", polling_interval_sec=0.1)
    threading.Event().wait()
