"""The first service, the same for every peer: stores a note, has it announced, answers.

`python intake.py faststream|dramatiq PORT`; DATABASE_URL and BROKER_URL name the servers. The order is that
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


if __name__ == "__main__":
    uvloop.run({"faststream": with_faststream, "dramatiq": with_dramatiq}[sys.argv[1]](int(sys.argv[2])))
