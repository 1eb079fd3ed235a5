"""PostgreSQL: one pool a process, one tenant a transaction.

Nothing reads or writes a tenant's rows but through `Database.transaction` or `Database.reading`: they set
`optima.tenant` for the length of the transaction, and row-level security lets nothing else through.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from uuid import UUID

import asyncpg
import orjson

from .clock import Clock, SystemClock
from .jobs import JobBuffer
from .metrics import POOL_WAIT_SECONDS
from .outbox import OutboxBuffer
from .sql import Statement
from .tracing import current_trace

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    OSError,
    TimeoutError,
)
"""What says that the database can't be reached just now: nothing is wrong with the work itself."""

CUT_OFF = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What only an ailing database raises, while some of UNAVAILABLE could come from elsewhere as well."""

CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Collisions with other transactions: the same work, done again, succeeds."""


class Flushed(Protocol):
    """What gathers writes during a unit of work."""

    async def flush(self) -> None:
        """Makes them; nothing where nothing was gathered."""


F = TypeVar("F", bound=Flushed)


class UnitOfWork:
    """One tenant's unit of work: state, events and jobs are committed together or not at all."""

    __slots__ = (
        "_gathered",
        "_writes",
        "actor_id",
        "connection",
        "jobs",
        "now",
        "on_behalf_of",
        "outbox",
        "tenant_id",
    )

    def __init__(
        self,
        connection: Connection,
        tenant_id: UUID,
        now: datetime,
        outbox: OutboxBuffer,
        jobs: JobBuffer,
        actor_id: UUID | None,
        on_behalf_of: UUID | None,
        gathered: dict[Callable[[UnitOfWork], Flushed], Flushed] | None = None,
        writes: list[tuple[Statement, list[Any]]] | None = None,
    ) -> None:
        self._writes = [] if writes is None else writes
        self._gathered = {} if gathered is None else gathered
        self.connection = connection
        self.tenant_id = tenant_id
        self.now = now
        self.outbox = outbox
        self.jobs = jobs
        self.actor_id = actor_id
        self.on_behalf_of = on_behalf_of

    def caused_by(
        self,
        *,
        causation: UUID | None,
        actor_id: UUID | None,
        on_behalf_of: UUID | None,
        traceparent: str | None,
    ) -> UnitOfWork:
        """The same unit of work as seen by one of several causes: each marks what it adds as its own."""
        return UnitOfWork(
            self.connection,
            self.tenant_id,
            self.now,
            self.outbox.for_cause(
                actor_id=actor_id,
                on_behalf_of=on_behalf_of,
                causation=causation,
                traceparent=traceparent,
                now=self.now,
            ),
            self.jobs.for_cause(causation=causation, traceparent=traceparent, now=self.now),
            actor_id,
            on_behalf_of,
            self._gathered,
            self._writes,
        )

    # What a repository calls. Everything that was written is there before the next statement runs.

    async def fetch(self, statement: Statement, /, **parameters: Any) -> list[asyncpg.Record]:
        """All rows."""
        await self._prepare_for(statement)
        return list(await self.connection.fetch(statement.sql, *statement.arguments(parameters)))

    async def fetchrow(self, statement: Statement, /, **parameters: Any) -> asyncpg.Record | None:
        """The first row, if there is one."""
        await self._prepare_for(statement)
        return await self.connection.fetchrow(statement.sql, *statement.arguments(parameters))

    async def fetchval(self, statement: Statement, /, **parameters: Any) -> Any:
        """The first column of the first row; None without a row."""
        await self._prepare_for(statement)
        return await self.connection.fetchval(statement.sql, *statement.arguments(parameters))

    async def execute(self, statement: Statement, /, **parameters: Any) -> int:
        """Runs it now. Returns how many rows it touched."""
        await self._prepare_for(statement)
        status = await self.connection.execute(statement.sql, *statement.arguments(parameters))
        return int(status.rpartition(" ")[2] or 0)

    def write(self, statement: Statement, /, **parameters: Any) -> None:
        """Has it run before the next statement that is awaited, or at the end: for what nothing is asked of
        but that it succeeds. Costs no round trip of its own where others are gathered with it."""
        self._writes.append((statement, statement.arguments(parameters)))

    def write_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """As `write`, once for each row."""
        self._writes.extend((statement, statement.arguments(row)) for row in rows)

    async def _prepare_for(self, statement: Statement) -> None:
        await self._flush_writes()
        if statement.custom_plan:
            await self.connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")

    async def _flush_writes(self) -> None:
        writes, self._writes[:] = list(self._writes), []
        for sql, group in groupby(writes, key=lambda each: each[0].sql):
            await self.connection.executemany(sql, [arguments for _, arguments in group])

    def gathering(self, make: Callable[[UnitOfWork], F]) -> F:
        """The one object of its kind in this unit of work, whatever its causes: made when first asked for.

        It gathers writes, and its `flush` makes them together before the commit. A savepoint does not undo
        what it has gathered.
        """
        if make not in self._gathered:
            self._gathered[make] = make(self)
        return cast(F, self._gathered[make])

    async def flush(self) -> bool:
        """Writes what was gathered, then events and jobs. Returns whether there were events or jobs."""
        for each in self._gathered.values():
            await each.flush()
        await self._flush_writes()
        wrote_events = await self.outbox.flush(self.connection)
        wrote_jobs = await self.jobs.flush(self.connection)
        return wrote_events or wrote_jobs

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undoes what its block did, and only that, when the block raises; its events and jobs too."""
        await self._flush_writes()
        events, jobs = self.outbox.mark(), self.jobs.mark()
        await self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            await self.connection.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            self._writes.clear()
            self.outbox.rewind(events)
            self.jobs.rewind(jobs)
            raise
        await self.connection.execute("RELEASE SAVEPOINT part")


class NotCommitted(Exception):
    """An error of the database was swallowed inside the transaction, which was therefore undone."""


async def commit(connection: Connection) -> None:
    """Commits. Raises NotCommitted where PostgreSQL would answer COMMIT with a silent rollback."""
    if await connection.execute("COMMIT") != "COMMIT":
        raise NotCommitted("a statement had failed earlier in the transaction")


async def _prepare_connection(connection: Connection) -> None:
    """JSON travels as Python objects."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value, default=str).decode(),
            decoder=orjson.loads,
        )


async def roll_back(connection: Connection) -> bool:
    """Undoes the open transaction. False when the connection is lost: it is then closed for good.

    Never raises, so that what went wrong before is what is told.
    """
    if connection.is_closed():
        return False
    try:
        await connection.execute("ROLLBACK")
    except Exception:
        # A server that died in the middle of a statement leaves the connection neither open nor closed.
        connection.terminate()
        return False
    return True


async def _leave_no_transaction(connection: Connection) -> None:
    # In place of asyncpg's RESET ALL, which costs a round trip: settings are only ever made LOCAL.
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


class Database:
    """A pool of connections as one role, and the transactions made on it."""

    def __init__(self, pool: Pool, source: str, clock: Clock, after_commit: Callable[[], None]) -> None:
        self.pool = pool
        self.clock = clock
        self._source = source
        self.after_commit = after_commit

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        source: str,
        size: int = 8,
        clock: Clock | None = None,
        after_commit: Callable[[], None] = lambda: None,
    ) -> Database:
        """Connects. `source` is the CloudEvents source of what is published ("/optima/brief");
        `after_commit` is called when a transaction that added events or jobs has committed."""
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            command_timeout=30,
            init=_prepare_connection,
            reset=_leave_no_transaction,
            server_settings={"application_name": source, "jit": "off", "timezone": "UTC"},
        )
        return cls(pool, source, clock or SystemClock(), after_commit)

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def transaction(
        self,
        tenant_id: UUID,
        *,
        now: datetime | None = None,
        actor_id: UUID | None = None,
        on_behalf_of: UUID | None = None,
        causation: UUID | None = None,
        traceparent: str | None = None,
    ) -> AsyncIterator[UnitOfWork]:
        """A read-write transaction of one tenant. Leaving the block commits; an exception rolls back."""
        async with self.connection() as connection:
            # nosemgrep: sql-built-in-code - in one round trip, and a UUID
            await connection.execute(f"BEGIN; SET LOCAL optima.tenant = '{UUID(bytes=tenant_id.bytes)}'")
            try:
                work = self.unit(
                    connection,
                    tenant_id,
                    now=now,
                    actor_id=actor_id,
                    on_behalf_of=on_behalf_of,
                    causation=causation,
                    traceparent=traceparent,
                )
                yield work
                wrote = await work.flush()
                await commit(connection)
            except BaseException:
                await roll_back(connection)
                raise
        if wrote:
            self.after_commit()

    @asynccontextmanager
    async def reading(self, tenant_id: UUID, *, now: datetime | None = None) -> AsyncIterator[UnitOfWork]:
        """A read-only transaction of one tenant: one consistent picture, no write possible."""
        async with self.connection() as connection:
            await connection.execute(
                # nosemgrep: sql-built-in-code - in one round trip, and a UUID
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                f" SET LOCAL optima.tenant = '{UUID(bytes=tenant_id.bytes)}'"
            )
            try:
                yield self.unit(connection, tenant_id, now=now)
            finally:
                await roll_back(connection)

    def unit(
        self,
        connection: Connection,
        tenant_id: UUID,
        *,
        now: datetime | None = None,
        actor_id: UUID | None = None,
        on_behalf_of: UUID | None = None,
        causation: UUID | None = None,
        traceparent: str | None = None,
    ) -> UnitOfWork:
        """A unit of work on a connection whose transaction somebody else begins and ends."""
        at = now or self.clock.now()
        trace = traceparent or current_trace()
        outbox = OutboxBuffer(
            source=self._source,
            tenant_id=tenant_id,
            now=at,
            actor_id=actor_id,
            on_behalf_of=on_behalf_of,
            causation=causation,
            traceparent=trace,
        )
        jobs = JobBuffer(tenant_id=tenant_id, now=at, causation=causation, traceparent=trace)
        return UnitOfWork(connection, tenant_id, at, outbox, jobs, actor_id, on_behalf_of)

    async def blameless(self, error: BaseException) -> bool:
        """Whether the database has nothing to do with `error`: other systems raise what it does."""
        if not isinstance(error, OSError | TimeoutError) or isinstance(error, asyncpg.PostgresError):
            return False
        try:
            async with self.connection() as connection:
                await connection.execute("SELECT 1")
        except UNAVAILABLE:
            return False
        return True

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool, outside any tenant: it sees no tenant's rows."""
        asked = time.perf_counter()
        async with self.pool.acquire(timeout=10) as connection:
            POOL_WAIT_SECONDS.observe(time.perf_counter() - asked)
            yield connection  # type: ignore[misc]
