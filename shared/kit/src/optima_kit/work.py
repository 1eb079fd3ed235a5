"""Runs scheduled jobs: a dispatcher sends hints to the broker, and workers take them.

A job is a row in the table `jobs`. When it is due, `JobDispatcher` (in the relay role) sends its id, the
hint, through RabbitMQ. `Worker`, a Dramatiq worker, takes the hint, locks the row and runs the job. A lost
hint is sent again, and a duplicate hint finds the row locked or done.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Collection
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import asyncpg
import dramatiq
import structlog
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer
from dramatiq.errors import ConnectionClosed
from pydantic import ValidationError

from .backbone_metrics import BROKER_CHANNELS, BROKER_CONNECTED, JOB_SECONDS
from .broker import (
    Broker,
    BrokerUnavailable,
    Outage,
    Publisher,
    tell_of_interruption,
)
from .cause import Cause
from .clock import Clock
from .db import Database
from .frames import Outgoing
from .jobs import MARK_DONE, RELEASE, JobKind, JobRun
from .pauses import pauses
from .periodic import Periodic
from .postgres import CUT_OFF, UNAVAILABLE, Pool
from .service import Service
from .sql import Statement
from .topology import jobs_queue
from .tracing import step
from .wake import WakeListener

_LOG = structlog.get_logger(__name__)

P = TypeVar("P")

POLL_SECONDS: Final = 0.5
"""How late a timer can fire, or a job can start whose wake-up was lost because its process died."""
HINT_AGAIN_SECONDS: Final = 60.0
"""The time after which the hint of an unfinished job counts as lost."""

_ACTOR: Final = "run_job"
_LONGEST_PAUSE: Final = timedelta(hours=1)
_HINTS_A_TURN: Final = 200
_HINTS_WAITING: Final = 1000
"""The most hints that wait for workers. More would be useless, as the rows are the backlog. The broker counts
late, so that there may be one turn's hints more."""
_HINT_AGAIN_ANYWAY: Final = 60
"""The factor by which the time after which a hint counts as lost is longer while other hints wait in the
queue, since the hint is then probably among them."""

_HINTS_OF_ONE: Final = 200
"""The most jobs of one tenant that are with workers at the same time."""
_LOOKED_THROUGH: Final = 5000
"""How many of a tenant's oldest due jobs are searched for one that may be sent to workers."""

# Tenants take turns: the oldest job of each tenant comes before the second job of any. `due_tenants` finds
# the tenants with jobs by jumping from one to the next in the index, and only if some job is due. The kinds
# in $4 wait for other systems; a tenant has at most $5 of them with workers, so that slow systems do not
# delay other tenants. Rows are marked before the hints are sent: a worker accepts a hint only if the row says
# that it was given.
_HINT_DUE = """
WITH RECURSIVE due_tenants (tenant_id) AS (
    (SELECT tenant_id FROM jobs WHERE state = 'due' AND hinted_at IS NULL AND EXISTS (
         SELECT FROM jobs WHERE state = 'due' AND hinted_at IS NULL AND due_at <= $1)
     ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT tenant_id FROM jobs
            WHERE state = 'due' AND hinted_at IS NULL AND jobs.tenant_id > due_tenants.tenant_id
            ORDER BY tenant_id LIMIT 1)
    FROM due_tenants WHERE due_tenants.tenant_id IS NOT NULL
), next AS (
    SELECT job.id, turn, job.due_at
    FROM due_tenants
    CROSS JOIN LATERAL (
        SELECT count(*) AS every, count(*) FILTER (WHERE kind = ANY ($4::text[])) AS slow
        FROM jobs WHERE jobs.tenant_id = due_tenants.tenant_id AND state = 'due' AND hinted_at IS NOT NULL
    ) AS out
    CROSS JOIN LATERAL (
        SELECT id, due_at, row_number() OVER (ORDER BY due_at, id) AS turn
        FROM (
            SELECT id, due_at, slow, row_number() OVER (PARTITION BY slow ORDER BY due_at, id) AS place
            FROM (SELECT id, due_at, kind = ANY ($4::text[]) AS slow FROM jobs
                  WHERE jobs.tenant_id = due_tenants.tenant_id AND state = 'due' AND hinted_at IS NULL
                      AND due_at <= $1
                  ORDER BY due_at LIMIT $6) AS oldest
        ) AS placed
        WHERE NOT placed.slow OR place <= $5 - out.slow
        ORDER BY due_at, id LIMIT greatest(0, least($2, $3 - out.every))
    ) AS job
    ORDER BY turn, job.due_at LIMIT $2
), hinted AS (
    UPDATE jobs SET hinted_at = now() WHERE id IN (
        SELECT id FROM jobs WHERE id IN (SELECT id FROM next) AND hinted_at IS NULL
        FOR UPDATE SKIP LOCKED)
    RETURNING id, tenant_id
)
SELECT id, tenant_id FROM hinted JOIN next USING (id) ORDER BY turn, due_at
"""
_HINT_AGAIN = """
UPDATE jobs SET hinted_at = now() WHERE id IN (
    SELECT id FROM jobs WHERE state = 'due' AND CASE
        WHEN locked_until > hinted_at THEN locked_until < now() -- its worker died
        ELSE hinted_at < now() - $1 * interval '1 second' END -- the hint is lost
    ORDER BY hinted_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id, tenant_id
"""
_UNHINT = "UPDATE jobs SET hinted_at = NULL WHERE id = ANY($1::uuid[]) AND state = 'due'"
_TAKE: Final = Statement.parse("""
SELECT kind, key, payload, revision, attempts, locked_until, causation_id, traceparent FROM jobs
WHERE id = :id AND state = 'due' AND hinted_at IS NOT NULL
    AND (locked_until IS NULL OR locked_until < now() OR locked_until = :own_lease::timestamptz)
FOR UPDATE SKIP LOCKED
""")
_LEASE: Final = Statement.parse("""
UPDATE jobs SET locked_until = now() + :seconds * interval '1 second' WHERE id = :id RETURNING locked_until
""")
_FAILED: Final = Statement.parse("""
UPDATE jobs SET
    attempts = attempts + 1, last_error = :error, locked_until = NULL, hinted_at = NULL, due_at = :due_at,
    state = CASE WHEN attempts + 1 >= :most::integer THEN 'failed' ELSE 'due' END,
    finished_at = CASE WHEN attempts + 1 >= :most::integer THEN now() END
WHERE id = :id AND state = 'due' AND revision = :revision
    AND locked_until IS NOT DISTINCT FROM :lease::timestamptz
RETURNING state
""")


class JobRunner(Generic[P]):
    """Runs single jobs, given their ids."""

    def __init__(self, service: Service[P], database: Database) -> None:
        self.service = service
        self.database = database

    async def run(self, id_: UUID, tenant_id: UUID) -> None:
        """Run a job if it is due, was hinted at, and is not with another worker. A failure is recorded in the
        job's row. While the database is unreachable, the job waits for it."""
        pause = pauses()
        leases: list[datetime] = []  # an interrupted run begins again under its own lease
        while True:
            try:
                await self._run(id_, tenant_id, leases)
                return
            except UNAVAILABLE as error:
                _LOG.warning("database unreachable; holding the job", job=str(id_), error=repr(error))
                await asyncio.sleep(pause())

    async def _run(self, id_: UUID, tenant_id: UUID, leases: list[datetime]) -> None:
        began = time.perf_counter()
        taken: asyncpg.Record | None = None
        kind: JobKind | None = None
        lease: datetime | None = None
        outcome = "done"
        steps = contextlib.ExitStack()
        try:
            async with self.database.begin(tenant_id) as transaction:
                taking = transaction.unit(Cause(self.database.clock.now()))
                taken = await taking.fetchrow(_TAKE, id=id_, own_lease=leases[-1] if leases else None)
                if taken is None:
                    return
                lease = taken["locked_until"]
                running = steps.enter_context(step(f"run {taken['kind']}", "job", taken["traceparent"]))
                running.concerns(tenant_id)
                kind = self._kind(taken["kind"])
                payload = kind.model.model_validate_json(taken["payload"])
                if not kind.outside:
                    taking.write(MARK_DONE, id=id_, revision=taken["revision"])
                    unit = transaction.unit(Cause(taking.now, causation_id=taken["causation_id"]))
                    if kind.every is not None:
                        unit.jobs.schedule(kind.name, payload, key=taken["key"], due_at=unit.now + kind.every)
                    await kind.run(self.service.ports(unit), payload)
                else:
                    seconds = kind.timeout.total_seconds()
                    # The run is interrupted a little before its lease ends.
                    lease = await taking.fetchval(_LEASE, id=id_, seconds=seconds + 10)
            if kind.outside:
                assert lease is not None
                leases.append(lease)
                run: JobRun[P] = JobRun(
                    self.service.ports,
                    self.service.resources,
                    self.database,
                    id_,
                    tenant_id,
                    dict(taken),
                    lease,
                )
                async with asyncio.timeout(seconds):
                    await kind.run(run, payload)
                if not run.finished:
                    raise RuntimeError("the job ended without leaving run.finish()")
        except Exception as error:
            if taken is None or isinstance(error, CUT_OFF) or not await self._reachable(error):
                raise
            outcome = await self._record_failure(id_, tenant_id, taken, kind, lease, error)
        finally:
            if taken is not None:
                label = taken["kind"] if kind is not None else "unknown"
                JOB_SECONDS.labels(label, outcome).observe(time.perf_counter() - began)
                running.ended(outcome, failed=outcome != "done")
            steps.close()
        if kind is not None and kind.outside:
            # The tenant may have one more job of this sort with a worker now, even if this one failed.
            self.database.after_commit({"jobs"})

    def _kind(self, name: str) -> JobKind:
        kind = self.service.jobs.get(name)
        if kind is None:
            raise LookupError(f"this release has no jobs of the kind {name}")
        return kind

    async def _reachable(self, error: Exception) -> bool:
        """Tell whether the database is reachable, so that `error` comes from the job itself. A system that
        the job calls raises the same errors as an unreachable database."""
        if not isinstance(error, UNAVAILABLE):
            return True
        try:
            async with self.database.connection() as connection:
                await connection.execute("SELECT 1")
        except UNAVAILABLE:
            return False
        return True

    async def _record_failure(
        self,
        id_: UUID,
        tenant_id: UUID,
        taken: asyncpg.Record,
        kind: JobKind | None,
        lease: datetime | None,
        error: Exception,
    ) -> str:
        if isinstance(error, ValidationError):
            described = f"payload: {error.error_count()} faults"
        else:
            described = f"{type(error).__name__}: {error}"
        pause = min(timedelta(seconds=2 ** min(taken["attempts"], 20)), _LONGEST_PAUSE)
        due_at = self.database.clock.now() + pause * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        attempts = kind.attempts if kind is not None else 12
        async with self.database.transaction(tenant_id) as unit:
            row = await unit.fetchrow(
                _FAILED,
                id=id_,
                revision=taken["revision"],
                error=described[:2000],
                due_at=due_at,
                most=attempts,
                lease=lease,
            )
            if row is None:
                # The job was rescheduled meanwhile, and is then sent again, or another worker has it by now.
                unit.write(RELEASE, id=id_, lease=lease)
            given_up = row is not None and row["state"] == "failed"
            if given_up and kind is not None and kind.again_after is not None:
                # A payload that this release cannot read would fail again: it alone ends the series.
                with contextlib.suppress(ValidationError):
                    payload = kind.model.model_validate_json(taken["payload"])
                    again_at = unit.now + kind.again_after
                    unit.jobs.schedule(kind.name, payload, key=taken["key"], due_at=again_at)
        log = _LOG.error if given_up else _LOG.warning
        log("job given up" if given_up else "job failed", kind=taken["kind"], job=str(id_), exc_info=error)
        return "given_up" if given_up else "failed"

    async def run_due(self, backbone: Pool, clock: Clock) -> int:
        """Run all due jobs, and those that become due because of them, in this task and without the broker.
        Return how many jobs were tried. This is for tests and repairs."""
        tried = 0
        while True:
            most = _HINTS_A_TURN
            rows = await backbone.fetch(_HINT_DUE, clock.now(), most, most, [], 0, _LOOKED_THROUGH)
            if not rows:
                return tried
            for row in rows:
                await self.run(row["id"], row["tenant_id"])
                tried += 1


class JobDispatcher:
    """Sends workers hints of due jobs, as the backbone role, until `stop`. Any number of dispatchers may run
    at the same time."""

    def __init__(
        self,
        service: str,
        backbone: Pool,
        broker: Broker,
        listener: WakeListener,
        clock: Clock,
        *,
        again_after: float = HINT_AGAIN_SECONDS,
        slow: Collection[str] = (),
        slow_of_one: int = 1,
    ) -> None:
        """Create a dispatcher. `slow` are the kinds of jobs that wait for other systems. `slow_of_one` is how
        many of them one tenant may have with workers; it must be fewer than a worker takes at the same
        time."""
        self._service = service
        self._slow = list(slow)
        self._slow_of_one = slow_of_one
        self._backbone = backbone
        self._broker = broker
        self._publisher = Publisher(broker, jobs_queue(service), "application/json")
        self._heard = listener.listen("jobs")
        self._clock = clock
        self._again_after = again_after
        self._room = 0
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._upkeep = Periodic("hint again", min(5.0, again_after / 2), self._look_after)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="hint at due jobs")
        self._upkeep.start()

    async def stop(self) -> None:
        self._stopping.set()
        self._heard.set()
        await self._upkeep.stop()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        pause = pauses()
        while not self._stopping.is_set():
            self._heard.clear()
            try:
                if self._broker.connected:
                    most = min(self._room, _HINTS_A_TURN)
                    rows = await self._backbone.fetch(
                        _HINT_DUE,
                        self._clock.now(),
                        most,
                        _HINTS_OF_ONE,
                        self._slow,
                        self._slow_of_one,
                        _LOOKED_THROUGH,
                    )
                    if rows and not await self._send(rows):
                        await asyncio.sleep(pause())
                        continue
                    pause = pauses()
                    if len(rows) == most and await self._waiting() < _HINTS_WAITING:
                        continue
            except (*UNAVAILABLE, BrokerUnavailable) as error:
                tell_of_interruption(_LOG, "no hints for now", error)
                await asyncio.sleep(pause())
            except Exception:
                _LOG.exception("hinting failed")
                await asyncio.sleep(pause())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), POLL_SECONDS)

    async def _send(self, rows: list[asyncpg.Record]) -> bool:
        """Send hints. Return whether all were confirmed; the others are taken back."""
        queue = jobs_queue(self._service)
        batch = [
            Outgoing(str(row["id"]), queue, _hint(queue, row["id"], row["tenant_id"]).encode())
            for row in rows
        ]
        self._room -= len(batch)
        confirmed = await self._publisher.publish(batch)
        refused = [row["id"] for row, fine in zip(rows, confirmed, strict=True) if not fine]
        if refused:
            await self._backbone.execute(_UNHINT, refused)
        return not refused

    async def _waiting(self) -> int:
        """Return how many hints wait in the queue, and note how many more there is room for."""
        async with self._broker.channel() as channel:
            queue = jobs_queue(self._service)
            answer = await channel.call(channel.raw.queue_declare, queue=queue, passive=True)
        waiting: int = answer.method.message_count
        self._room = max(0, _HINTS_WAITING - waiting)
        return waiting

    async def _look_after(self) -> None:
        if not self._broker.connected:
            return
        try:
            # While hints wait in the queue, an old hint is probably one of them and not lost.
            patience = _HINT_AGAIN_ANYWAY if await self._waiting() else 1
            most = min(self._room, _HINTS_A_TURN)
            rows = await self._backbone.fetch(_HINT_AGAIN, self._again_after * patience, most)
            if rows:
                await self._send(rows)
        except BrokerUnavailable as error:
            tell_of_interruption(_LOG, "no hints for now", error)


def _hint(queue: str, id_: UUID, tenant_id: UUID) -> dramatiq.Message[Any]:
    return dramatiq.Message(
        queue_name=queue, actor_name=_ACTOR, args=(str(id_), str(tenant_id)), kwargs={}, options={}
    )


class _HintConsumer(_RabbitmqConsumer):
    """Dramatiq's consumer, extended to show whether it is connected. Dramatiq retries after the errors that
    it raises."""

    def __init__(self, broker: _HintBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        self._shown = broker.connection_shown
        try:
            super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        except (ConnectionClosed, OSError) as error:  # OSError: for example, an unknown host name
            self._shown.outage.goes_on(error)
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        self._shown.there()

    def __next__(self) -> Any:
        try:
            return super().__next__()  # type: ignore[no-untyped-call]
        except ConnectionClosed as error:
            self._shown.lost(error)
            raise

    def close(self) -> None:
        self._shown.ended()
        super().close()  # type: ignore[no-untyped-call]


class _HintConnection:
    """Shows the state of the worker's connection, which has one channel, in metrics and logs."""

    def __init__(self, name: str) -> None:
        self._shown = (BROKER_CONNECTED.labels(name), BROKER_CHANNELS.labels(name))
        self.outage = Outage(name)
        self.ended()

    def there(self) -> None:
        for gauge in self._shown:
            gauge.set(1)
        self.outage.ends()

    def lost(self, error: Exception) -> None:
        self.outage.begins(error)
        self.ended()

    def ended(self) -> None:
        for gauge in self._shown:
            gauge.set(0)


class _HintBroker(RabbitmqBroker):
    """Dramatiq's broker on queues that provisioning has created. There are no queues for delays."""

    def __init__(self, name: str, url: str) -> None:
        super().__init__(url=url, confirm_delivery=True, middleware=[])
        self.connection_shown = _HintConnection(name)

    @property
    def consumer_class(self) -> type[_HintConsumer]:
        return _HintConsumer

    def _declare_queue(self, queue_name: str) -> None:
        pass

    def _declare_dq_queue(self, queue_name: str) -> None:
        pass

    def _declare_xq_queue(self, queue_name: str) -> None:
        pass

    def get_declared_delay_queues(self) -> set[str]:
        return set()


class Worker(Generic[P]):
    """Takes hints and runs their jobs until `stop`. The jobs run in the event loop, and Dramatiq's threads
    wait for them."""

    def __init__(self, service: Service[P], database: Database, broker_url: str, *, threads: int = 4) -> None:
        self._runner = JobRunner(service, database)
        self._queue = jobs_queue(service.name)
        self._loop = asyncio.get_running_loop()
        self._running: set[Future[None]] = set()
        self._stopping = False
        broker = _HintBroker(f"{service.name} work", broker_url)
        dramatiq.actor(broker=broker, queue_name=self._queue, actor_name=_ACTOR)(self._take)
        self._worker = dramatiq.Worker(
            broker, queues={self._queue}, worker_threads=threads, worker_timeout=500
        )
        self._broker = broker

    def _take(self, id_: str, tenant_id: str) -> None:
        # This runs in one of Dramatiq's threads. Hints that arrive while stopping are dropped; they are sent
        # again.
        if self._stopping:
            return
        running = asyncio.run_coroutine_threadsafe(self._runner.run(UUID(id_), UUID(tenant_id)), self._loop)
        self._running.add(running)
        try:
            running.result()
        except Exception:
            _LOG.exception("job neither ran nor failed", job=id_)
        finally:
            self._running.discard(running)

    def start(self) -> None:
        self._worker.start()

    async def stop(self, grace_seconds: float = 20.0) -> None:
        """Take no more hints, wait for the running jobs, and interrupt those that take longer than the grace
        period."""
        self._stopping = True
        stopped = asyncio.create_task(
            asyncio.to_thread(self._worker.stop, timeout=int(grace_seconds * 1000) + 5000)
        )
        _, late = await asyncio.wait({stopped}, timeout=grace_seconds)
        if late:
            for running in list(self._running):
                running.cancel()
        await stopped
        await asyncio.to_thread(self._broker.close)
