"""The unit of work: what a request, a reaction or a job reads and writes, committed together or not at all.

Nothing reads or writes a tenant's rows but through a transaction of `Database`: it sets `optima.tenant` for
its length, and row-level security lets nothing else through. `Database.begin` is the one place where
transactions begin and end.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

import asyncpg

from .answers import AnswerWrites
from .cause import Cause
from .clock import Clock, SystemClock
from .jobs import CausedJobs, JobWrites
from .metrics import POOL_WAIT_SECONDS
from .outbox import ADD_ANSWERS, ADD_EVENTS, ADD_EVENTS_AND_ANSWERS, CausedOutbox, OutboxWrites
from .postgres import UNAVAILABLE, Connection, Pool, commit, open_pool, roll_back
from .sql import Statement
from .writes import StateWrites


class Flushed(Protocol):
    """What gathers writes during a transaction."""

    async def flush(self) -> None:
        """Makes them; nothing where nothing was gathered."""


F = TypeVar("F", bound=Flushed)


class Transaction:
    """One database transaction and what is gathered for its end: the work of one cause or of several."""

    def __init__(self, connection: Connection, tenant_id: UUID, source: str) -> None:
        self._connection = connection
        self.tenant_id = tenant_id
        self.state = StateWrites()
        self.outbox = OutboxWrites(source)
        self.jobs = JobWrites()
        self.answers = AnswerWrites()
        self.gathered: dict[Callable[[UnitOfWork], Flushed], Flushed] = {}
        self._changes = 0
        self.woke = False
        """Whether events or jobs were written, which the relay is to be told of."""
        self.lost = False
        """Whether the connection was lost at the end."""
        self._plans_anew = False

    def unit(self, cause: Cause) -> UnitOfWork:
        """The work of one cause."""
        return UnitOfWork(self, cause)

    @property
    def connection(self) -> Connection:
        """The connection itself, for the kit's own statements. What they did can't be forgotten."""
        self._changes += 1
        return self._connection

    async def enter(self, tenant_id: UUID) -> None:
        """Writes what was gathered for the present tenant, and goes on as another."""
        if tenant_id != self.tenant_id:
            await self.flush()
            self.gathered.clear()
            self.tenant_id = tenant_id
            await self._connection.execute(_set_tenant(tenant_id))

    async def ready_for(self, statement: Statement) -> Connection:
        """The connection, with all that was gathered written, so that the statement sees it."""
        if not statement.early:
            await self.state.flush(self._connection)
        if statement.custom_plan and not self._plans_anew:
            await self._connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            self._plans_anew = True
        if statement.changes:
            self._changes += 1
        return self._connection

    def mark(self) -> tuple[Any, ...]:
        """Remembers what is gathered, for `rewind` and `changed_since`."""
        marks = self.state.mark(), self.outbox.mark(), self.jobs.mark(), self.answers.mark()
        return *marks, self._changes

    def changed_since(self, mark: tuple[Any, ...]) -> bool:
        """Whether more was done since `mark` than `rewind` can forget."""
        state, *_, changes = mark
        return self._changes > changes or self.state.sent_since(state) or bool(self.gathered)

    def rewind(self, mark: tuple[Any, ...]) -> None:
        """Forgets what was gathered since `mark`."""
        state, outbox, jobs, answers, _ = mark
        self.state.rewind(state)
        self.outbox.rewind(outbox)
        self.jobs.rewind(jobs)
        self.answers.rewind(answers)

    async def flush(self) -> None:
        """Writes what was gathered: rows in their order, then events with the answers, then jobs."""
        for each in self.gathered.values():
            await each.flush()
        await self.state.flush(self._connection)
        closing = None
        parameters: dict[str, object] = {}
        if len(self.outbox):
            closing = ADD_EVENTS_AND_ANSWERS if self.answers.pending else ADD_EVENTS
            parameters |= self.outbox.take()
            self.woke = True
        if self.answers.pending:
            closing = closing or ADD_ANSWERS
            parameters |= self.answers.take()
        if closing is not None:
            await self._connection.execute(closing.sql, *closing.arguments(parameters))
        if await self.jobs.flush(self._connection):
            self.woke = True


class UnitOfWork:
    """What one cause does in a transaction: the verbs that repositories call, the outbox and the jobs.

    Everything that was written is there before the next statement runs.
    """

    __slots__ = ("_transaction", "cause", "jobs", "outbox")

    def __init__(self, transaction: Transaction, cause: Cause) -> None:
        self._transaction = transaction
        self.cause = cause
        self.outbox = CausedOutbox(transaction.outbox, transaction.state, transaction.tenant_id, cause)
        self.jobs = CausedJobs(transaction.jobs, cause)

    @property
    def tenant_id(self) -> UUID:
        return self._transaction.tenant_id

    @property
    def now(self) -> datetime:
        """The facts' time."""
        return self.cause.at

    @property
    def connection(self) -> Connection:
        """As `Transaction.connection`: no service may use it."""
        return self._transaction.connection

    def on_behalf_of(self, person_id: UUID) -> UnitOfWork:
        """The same work, whose events say that it was done for somebody else."""
        return UnitOfWork(self._transaction, replace(self.cause, on_behalf_of=person_id))

    async def fetch(self, statement: Statement, /, **parameters: Any) -> list[asyncpg.Record]:
        """All rows."""
        connection = await self._transaction.ready_for(statement)
        return list(await connection.fetch(statement.sql, *statement.arguments(parameters)))

    async def fetchrow(self, statement: Statement, /, **parameters: Any) -> asyncpg.Record | None:
        """The first row, if there is one."""
        connection = await self._transaction.ready_for(statement)
        return await connection.fetchrow(statement.sql, *statement.arguments(parameters))

    async def fetchval(self, statement: Statement, /, **parameters: Any) -> Any:
        """The first column of the first row; None without a row."""
        connection = await self._transaction.ready_for(statement)
        return await connection.fetchval(statement.sql, *statement.arguments(parameters))

    async def execute(self, statement: Statement, /, **parameters: Any) -> int:
        """Runs it now. Returns how many rows it touched."""
        connection = await self._transaction.ready_for(statement)
        status = await connection.execute(statement.sql, *statement.arguments(parameters))
        return int(status.rpartition(" ")[2])

    def write(self, statement: Statement, /, **parameters: Any) -> None:
        """Has it run before the next statement that is awaited, or at the end: for what nothing is asked of
        but that it succeeds. Costs no round trip of its own where others are gathered with it."""
        self._transaction.state.add(self.cause, statement, statement.arguments(parameters))

    def write_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """As `write`, once for each row."""
        for row in rows:
            self._transaction.state.add(self.cause, statement, statement.arguments(row))

    def gathering(self, make: Callable[[UnitOfWork], F]) -> F:
        """The one object of its kind in this transaction, whatever its causes: made when first asked for.

        It gathers writes, and its `flush` makes them together before the commit. A savepoint does not undo
        what it has gathered.
        """
        gathered = self._transaction.gathered
        if make not in gathered:
            gathered[make] = make(self)
        return cast(F, gathered[make])

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undoes what its block did, and only that, when the block raises; its events and jobs too."""
        transaction = self._transaction
        connection = await transaction.ready_for(_SAVEPOINT)
        mark = transaction.mark()
        await connection.execute(_SAVEPOINT.sql)
        try:
            yield
            await transaction.state.flush(connection)
        except BaseException:
            transaction.rewind(mark)
            await connection.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            raise
        await connection.execute("RELEASE SAVEPOINT part")


_SAVEPOINT = Statement("savepoint", "SAVEPOINT part")


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
        pooled: bool = False,
    ) -> Database:
        """Connects. `source` is the CloudEvents source of what is published ("/optima/brief");
        `after_commit` is called when a transaction that added events or jobs has committed; `pooled` says
        that a PgBouncer in transaction mode is in between."""
        pool = await open_pool(url, source, size, pooled=pooled)
        return cls(pool, source, clock or SystemClock(), after_commit)

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def begin(self, tenant_id: UUID, *, lock_timeout_ms: int = 0) -> AsyncIterator[Transaction]:
        """A read-write transaction, of one tenant at a time. Leaving the block writes what was gathered and
        commits; an exception rolls back. `lock_timeout_ms`: how long a statement waits for a lock; 0: as
        long as it takes."""
        async with self.connection() as connection:
            opening = f"BEGIN; {_set_tenant(tenant_id)}"
            if lock_timeout_ms:
                opening += f"; SET LOCAL lock_timeout = {int(lock_timeout_ms)}"
            transaction = Transaction(connection, tenant_id, self._source)
            try:
                await connection.execute(opening)  # nosemgrep: sql-built-in-code - a UUID and a number
                yield transaction
                await transaction.flush()
                await commit(connection)
            except BaseException:
                transaction.lost = not await roll_back(connection)
                raise
        if transaction.woke:
            self.after_commit()

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID, cause: Cause | None = None) -> AsyncIterator[UnitOfWork]:
        """The work of one cause in a transaction of its own; without one, of now and of the trace in hand."""
        async with self.begin(tenant_id) as transaction:
            yield transaction.unit(cause or Cause(self.clock.now()))

    @asynccontextmanager
    async def reading(self, tenant_id: UUID, *, now: datetime | None = None) -> AsyncIterator[UnitOfWork]:
        """A read-only transaction of one tenant: one consistent picture, no write possible."""
        async with self.connection() as connection:
            await connection.execute(
                # nosemgrep: sql-built-in-code - in one round trip, and a UUID
                f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_set_tenant(tenant_id)}"
            )
            try:
                yield Transaction(connection, tenant_id, self._source).unit(Cause(now or self.clock.now()))
            finally:
                await roll_back(connection)

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


def _set_tenant(tenant_id: UUID) -> str:
    return f"SET LOCAL optima.tenant = '{UUID(bytes=tenant_id.bytes)}'"
