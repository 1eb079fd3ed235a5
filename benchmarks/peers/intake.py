"""The first service, the same for every peer: stores a note, has it announced, answers.

`python intake.py PEER PORT`; DATABASE_URL and BROKER_URL name the servers. The order is that
of programs without an outbox: what is stored and not yet announced when the process dies never is.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
import orjson
import uvloop
from aiohttp import web


async def serve(port: int, announce: Callable[[str, str], Awaitable[None]]) -> None:
    pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8)

    async def take(request: web.Request) -> web.Response:
        body = await request.json(loads=orjson.loads)
        note_id = uuid.uuid4()
        await pool.execute("INSERT INTO notes (id, text) VALUES ($1, $2)", note_id, body["text"])
        await announce(str(note_id), body["text"])
        return web.Response(
            status=201, body=orjson.dumps({"id": str(note_id)}), content_type="application/json"
        )

    app = web.Application()
    app.router.add_post("/v1/notes", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def with_faststream(port: int) -> None:
    from faststream_register import TAKEN, NoteTaken, broker

    await broker.connect()
    await broker.declare_queue(TAKEN)

    async def announce(note_id: str, text: str) -> None:
        await broker.publish(NoteTaken(id=uuid.UUID(note_id), text=text), TAKEN, persist=True)

    await serve(port, announce)


async def with_dramatiq(port: int) -> None:
    from dramatiq_register import taken

    async def announce(note_id: str, text: str) -> None:
        # Dramatiq waits for the broker in the calling thread, with a connection a thread.
        await asyncio.to_thread(taken.send, note_id, text)

    await serve(port, announce)


async def with_celery(port: int) -> None:
    from celery_register import taken

    async def announce(note_id: str, text: str) -> None:
        # Celery waits for the broker in the calling thread, with a connection from its pool.
        await asyncio.to_thread(taken.delay, note_id, text)

    await serve(port, announce)


async def with_taskiq(port: int) -> None:
    from taskiq_register import broker, taken

    await broker.startup()

    async def announce(note_id: str, text: str) -> None:
        await taken.kiq(note_id, text)

    await serve(port, announce)


async def with_dbos(port: int) -> None:
    from dbos import DBOSClient

    # Lazy: the system database is made by the second service, which may still be about to start.
    client = DBOSClient(system_database_url=os.environ["REGISTER_URL"], lazy=True)

    async def announce(note_id: str, text: str) -> None:
        await client.enqueue_async({"workflow_name": "taken", "queue_name": "taken"}, note_id, text)

    await serve(port, announce)


PEERS = {
    "celery": with_celery,
    "dbos": with_dbos,
    "dramatiq": with_dramatiq,
    "faststream": with_faststream,
    "taskiq": with_taskiq,
}

if __name__ == "__main__":
    uvloop.run(PEERS[sys.argv[1]](int(sys.argv[2])))
