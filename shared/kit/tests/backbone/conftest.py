"""The sample service on a database of its own, with as many relays, consumers and workers as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import string
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent))

from tally import Tally

from optima_kit.broker import Broker
from optima_kit.clock import Clock, SystemClock
from optima_kit.consumer import Consumer
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.relay import Relay
from optima_kit.testing import ServiceDatabase, eventually
from optima_kit.testing.provisioned import declare_jobs, declare_service, declare_shared
from optima_kit.topology import dead_queue, events_queue, jobs_queue
from optima_kit.wake import WakeListener, WakeNotifier
from optima_kit.work import JobDispatcher, JobRunner, Worker

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@dataclass
class Stage:
    """One word's service on real servers. What it starts, it stops."""

    tally: Tally
    where: ServiceDatabase
    amqp_url: str
    database: Database
    backbone: Database
    broker: Broker
    tenant: UUID = field(default_factory=new_id)
    consumers: list[Consumer[Any]] = field(default_factory=list)
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def long_history(self) -> None:
        """Many events that were sent and jobs that are done, and a few that wait."""
        await self.where.fetch(
            """
            WITH events AS (
                INSERT INTO outbox (id, tenant_id, partition, type, subject, sequence, envelope, sent_at)
                SELECT gen_random_uuid(), $1, n % 16, 't', gen_random_uuid(), 1, '{}',
                       CASE WHEN n % 2000 > 0 THEN now() END
                FROM generate_series(1, 40000) AS n)
            INSERT INTO jobs (id, tenant_id, kind, key, payload, due_at, state)
            SELECT gen_random_uuid(), $1, 'k', n::text, '{}', now(),
                   CASE WHEN n % 2000 > 0 THEN 'done' ELSE 'due' END
            FROM generate_series(1, 40000) AS n
            """,
            self.tenant,
        )
        await self.where.fetch("VACUUM ANALYZE")

    async def relay(self) -> Relay:
        broker = await self._stack.enter_async_context(Broker(self.amqp_url, "test relay"))
        listener = WakeListener(self.backbone.pool)
        relay = Relay(self.backbone.pool, broker, listener, self.tally.signer)
        listener.start()
        relay.start()
        self._stack.push_async_callback(listener.stop)
        self._stack.push_async_callback(relay.stop)
        return relay

    async def consumer(self, **options: Any) -> Consumer[Any]:
        broker = await self._stack.enter_async_context(Broker(self.amqp_url, "test consumer"))
        consumer = self.make_consumer(broker, **options)
        consumer.start()
        self.consumers.append(consumer)
        self._stack.push_async_callback(consumer.stop)
        return consumer

    def make_consumer(self, broker: Broker, **options: Any) -> Consumer[Any]:
        return Consumer(
            self.tally.name,
            reactions=self.tally.reactions,
            ports=self.tally.ports,
            database=self.database,
            backbone=self.backbone.pool,
            broker=broker,
            keys=self.tally.keys,
            **options,
        )

    async def hints(self, *, again_after: float = 60.0, clock: Clock | None = None) -> JobDispatcher:
        broker = await self._stack.enter_async_context(Broker(self.amqp_url, "test hints"))
        listener = WakeListener(self.backbone.pool)
        dispatcher = JobDispatcher(
            self.tally.name,
            self.backbone.pool,
            broker,
            listener,
            clock or SystemClock(),
            again_after=again_after,
        )
        listener.start()
        dispatcher.start()
        self._stack.push_async_callback(listener.stop)
        self._stack.push_async_callback(dispatcher.stop)
        return dispatcher

    async def work(self) -> Worker[Any]:
        work = Worker(self.tally, self.database, self.amqp_url, threads=2)
        work.start()
        self._stack.push_async_callback(work.stop, 1.0)
        return work

    @property
    def runner(self) -> JobRunner[Any]:
        return JobRunner(self.tally, self.database)

    async def process(self, role: str, **environment: str) -> asyncio.subprocess.Process:
        """A role in a process of its own; it has begun when this returns."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tally",
            self.tally.word,
            role,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
                "BACKBONE_URL": self.where.backbone_url,
                "RW_URL": self.where.rw_url,
                "AMQP_URL": self.amqp_url,
                **environment,
            },
            stdout=asyncio.subprocess.PIPE,
        )

        async def end() -> None:
            if process.returncode is None:
                process.kill()
            await process.wait()

        self._stack.push_async_callback(end)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"running\n"
        return process

    async def effects(self) -> list[asyncpg.Record]:
        return await self.where.fetch("SELECT * FROM effects ORDER BY position")

    async def whats(self) -> list[str]:
        return [effect["what"] for effect in await self.effects()]

    async def each_event_had_one_effect(self, within: float = 15.0) -> None:
        """Every `counted` event of the outbox was published and noted once, per subject in order; nothing
        waits or is parked."""
        await eventually(self.is_settled, within=within, describe=self.describe)
        published = await self.where.fetch(
            "SELECT id, subject, sequence FROM outbox WHERE type = $1", self.tally.Counted.type
        )
        noted = [effect for effect in await self.effects() if effect["what"] == "counted"]
        assert Counter(e["event_id"] for e in noted) == Counter(e["id"] for e in published)
        sequences = await self.where.fetch(
            "SELECT subject, array_agg(sequence ORDER BY position) AS all FROM outbox GROUP BY subject"
        )
        for row in sequences:
            assert row["all"] == list(range(1, len(row["all"]) + 1))
        assert await self.where.fetch("SELECT id, reason, error FROM parking") == []

    async def take_everything(self) -> None:
        """Waits until the queue is empty and nothing is in hand: duplicates have been dealt with as well."""
        while True:
            await eventually(self._queue_is_empty, within=15)
            for consumer in self.consumers:
                await consumer.stop()
            self.consumers.clear()
            # What a stopped consumer had not begun is back in the queue.
            if await self._queue_is_empty():
                return
            await self.consumer()

    async def _queue_is_empty(self) -> bool:
        async with self.broker.channel() as channel:
            answer = await channel.call(
                channel.raw.queue_declare, queue=events_queue(self.tally.name), passive=True
            )
        return bool(answer.method.message_count == 0)

    async def all_sent(self) -> bool:
        rows = await self.where.fetch("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        return bool(rows[0][0] == 0)

    async def is_settled(self) -> bool:
        rows = await self.where.fetch(
            "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL) = 0"
            "   AND (SELECT count(*) FROM parking) = 0"
            "   AND (SELECT count(*) FROM inbox) = (SELECT count(*) FROM outbox)"
        )
        return bool(rows[0][0])

    async def describe(self) -> str:
        rows = await self.where.fetch(
            "SELECT (SELECT count(*) FROM outbox) AS outbox,"
            " (SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS unsent,"
            " (SELECT count(*) FROM inbox) AS inbox,"
            " (SELECT json_agg(json_build_object('reason', reason, 'error', error))::text FROM parking)"
            "   AS parking,"
            " (SELECT count(*) FROM effects) AS effects"
        )
        return str(dict(rows[0]))

    async def parked(self) -> list[asyncpg.Record]:
        return await self.where.fetch("SELECT * FROM parking WHERE next_attempt_at IS NULL ORDER BY id")

    async def close(self) -> None:
        self.tally.release.set()
        await self._stack.aclose()
        name = self.tally.name
        leavings = (events_queue(name), dead_queue(name), jobs_queue(name), f"{jobs_queue(name)}.XQ")
        # Where a test failed with its broker down, there is nothing to clear away.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10), self.broker.channel() as channel:
                for queue in leavings:
                    await channel.call(channel.raw.queue_delete, queue=queue)
                await channel.call(channel.raw.exchange_delete, exchange=jobs_queue(name))


@contextlib.asynccontextmanager
async def stage_on(where: ServiceDatabase, amqp_url: str) -> AsyncIterator[Stage]:
    tally = Tally("".join(random.choices(string.ascii_lowercase, k=12)))
    async with contextlib.AsyncExitStack() as stack:
        backbone = await Database.open(where.backbone_url, source=tally.source, size=12)
        stack.push_async_callback(backbone.close)
        notifier = WakeNotifier(backbone.pool)
        notifier.start()
        stack.push_async_callback(notifier.stop)
        database = await Database.open(
            where.rw_url, source=tally.source, size=10, after_commit=notifier.notify
        )
        stack.push_async_callback(database.close)
        broker = await stack.enter_async_context(Broker(amqp_url, "test"))
        async with broker.channel() as channel:
            await declare_shared(channel)
        stage = Stage(tally, where, amqp_url, database, backbone, broker)
        stack.push_async_callback(stage.close)
        # As provisioning does: what is published before the first consumer comes is kept.
        async with broker.channel() as channel:
            await declare_service(channel, tally.name, tally.reactions.bindings())
            await declare_jobs(channel, tally.name)
        yield stage


@pytest.fixture
async def stage(database_for, amqp_url) -> AsyncIterator[Stage]:
    where = await database_for("tally")
    async with stage_on(where, amqp_url) as made:
        yield made
