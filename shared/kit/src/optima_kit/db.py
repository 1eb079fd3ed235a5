"""The unit of work: what a request, a reaction or a job reads and writes is committed together or not at all.

A tenant's rows are read and written only through a transaction of `Database`. It sets `optima.tenant` for its
duration, and row-level security hides all other rows. `Database.begin` is the only place where transactions
begin and end.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Set
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
from .wake import Added
from .writes import StateWrites


class Flushable(Protocol):
    """An object that collects writes during a transaction."""

    async def flush(self) -> None:
        """Write what was collected, if anything was."""


F = TypeVar("F", bound=Flushable)


class Transaction:
    """One database transaction, for the work of one or several causes, and what is collected to be written at
    its end."""

    def __init__(self, connection: Connection, tenant_id: UUID, source: str) -> None:
        self._connection = connection
        self.tenant_id = tenant_id
        self.state = StateWrites()
        self.outbox = OutboxWrites(source)
        self.jobs = JobWrites()
        self.answers = AnswerWrites()
        self.gathered: dict[Callable[[UnitOfWork], Flushable], Flushable] = {}
        self._changes = 0
        self.added: set[Added] = set()
        """What was written of which others have to be notified."""
        self.lost = False
        """Whether the connection was lost when the transaction ended."""
        self._plans_anew = False

    def unit(self, cause: Cause) -> UnitOfWork:
        """Return the unit of work for one cause."""
        return UnitOfWork(self, cause)

    @property
    def connection(self) -> Connection:
        """The connection itself, for the kit's own statements. `rewind` can't undo what they do."""
        self._changes += 1
        return self._connection

    async def enter(self, tenant_id: UUID) -> None:
        """Write what was collected for the present tenant, and continue as another tenant."""
        if tenant_id != self.tenant_id:
            await self.flush()
            self.gathered.clear()
            self.tenant_id = tenant_id
            await self._connection.execute(_set_tenant(tenant_id))

    async def limit_waits_for_locks(self, milliseconds: int) -> None:
        """Let each further statement fail that waits longer than this for a lock."""
        await self._connection.execute(_limit_waits(milliseconds))

    async def ready_for(self, statement: Statement) -> Connection:
        """Return the connection after writing what was collected, so that the statement sees it."""
        if not statement.early:
            await self.state.flush(self._connection)
        if statement.custom_plan and not self._plans_anew:
            await self._connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            self._plans_anew = True
        if statement.changes:
            self._changes += 1
        return self._connection

    def mark(self) -> tuple[Any, ...]:
        """Return a mark of what was collected so far, for `rewind` and `changed_since`."""
        marks = self.state.mark(), self.outbox.mark(), self.jobs.mark(), self.answers.mark()
        return *marks, self._changes

    def changed_since(self, mark: tuple[Any, ...]) -> bool:
        """Tell whether something was done since `mark` that `rewind` can't undo."""
        state, *_, changes = mark
        return self._changes > changes or self.state.sent_since(state) or bool(self.gathered)

    def rewind(self, mark: tuple[Any, ...]) -> None:
        """Drop what was collected since `mark`."""
        state, outbox, jobs, answers, _ = mark
        self.state.rewind(state)
        self.outbox.rewind(outbox)
        self.jobs.rewind(jobs)
        self.answers.rewind(answers)

    async def flush(self) -> None:
        """Write what was collected: rows in their order, then events together with the answers, then jobs."""
        for each in self.gathered.values():
            await each.flush()
        await self.state.flush(self._connection)
        closing = None
        parameters: dict[str, object] = {}
        if len(self.outbox):
            closing = ADD_EVENTS_AND_ANSWERS if self.answers.pending else ADD_EVENTS
            parameters |= self.outbox.take()
            self.added.add("events")
        if self.answers.pending:
            closing = closing or ADD_ANSWERS
            parameters |= self.answers.take()
        if closing is not None:
            await self._connection.execute(closing.sql, *closing.arguments(parameters))
        if await self.jobs.flush(self._connection):
            self.added.add("jobs")


class UnitOfWork:
    """The work of one cause in a transaction: the methods that repositories call, the outbox and the jobs.

    Each statement sees everything that was written before it.
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
        """The time at which the work takes place, which is the time of its events."""
        return self.cause.at

    @property
    def connection(self) -> Connection:
        """The same as `Transaction.connection`. Services must not use it."""
        return self._transaction.connection

    def on_behalf_of(self, person_id: UUID) -> UnitOfWork:
        """Return the same unit of work, whose events say that it is done on behalf of another person."""
        return UnitOfWork(self._transaction, replace(self.cause, on_behalf_of=person_id))

    async def fetch(self, statement: Statement, /, **parameters: Any) -> list[asyncpg.Record]:
        """Run a statement and return all rows."""
        connection = await self._transaction.ready_for(statement)
        return list(await connection.fetch(statement.sql, *statement.arguments(parameters)))

    async def fetchrow(self, statement: Statement, /, **parameters: Any) -> asyncpg.Record | None:
        """Run a statement and return the first row, or None."""
        connection = await self._transaction.ready_for(statement)
        return await connection.fetchrow(statement.sql, *statement.arguments(parameters))

    async def fetchval(self, statement: Statement, /, **parameters: Any) -> Any:
        """Run a statement and return the first column of the first row, or None without a row."""
        connection = await self._transaction.ready_for(statement)
        return await connection.fetchval(statement.sql, *statement.arguments(parameters))

    async def execute(self, statement: Statement, /, **parameters: Any) -> int:
        """Run a statement now and return how many rows it affected."""
        connection = await self._transaction.ready_for(statement)
        status = await connection.execute(statement.sql, *statement.arguments(parameters))
        return int(status.rpartition(" ")[2])

    def write(self, statement: Statement, /, **parameters: Any) -> None:
        """Collect a statement whose result is not needed. It runs before the next statement that is awaited,
        or at the end of the transaction, and shares the round trip with others that were collected."""
        self._transaction.state.add(self.cause, statement, statement.arguments(parameters))

    def write_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Do the same as `write`, once for each row."""
        for row in rows:
            self._transaction.state.add(self.cause, statement, statement.arguments(row))

    def gathering(self, make: Callable[[UnitOfWork], F]) -> F:
        """Return the one object of its kind in this transaction, for all causes. `make` creates it at the
        first call.

        The object collects writes, and its `flush` writes them together before the commit. A savepoint does
        not undo what it has collected.
        """
        gathered = self._transaction.gathered
        if make not in gathered:
            gathered[make] = make(self)
        return cast(F, gathered[make])

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Open a block of which everything, including its events and jobs, is undone if it raises. The rest
        of the transaction stays."""
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
    """A pool of connections with one role, and the transactions on them."""

    def __init__(
        self, pool: Pool, source: str, clock: Clock, after_commit: Callable[[Set[Added]], None]
    ) -> None:
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
        after_commit: Callable[[Set[Added]], None] = lambda _: None,
        pooled: bool = False,
    ) -> Database:
        """Connect to a database. `source` is the CloudEvents source of published events ("/optima/brief").
        `after_commit` is called after the commit of a transaction that added events or jobs, with what it
        added. `pooled` says that a PgBouncer in transaction mode is in between."""
        pool = await open_pool(url, source, size, pooled=pooled)
        return cls(pool, source, clock or SystemClock(), after_commit)

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def begin(self, tenant_id: UUID, *, lock_timeout_ms: int = 0) -> AsyncIterator[Transaction]:
        """Begin a read-write transaction of one tenant at a time. Leaving the block writes what was collected
        and commits; an exception rolls back. `lock_timeout_ms` is how long a statement waits for a lock, 0
        without a limit."""
        async with self.connection() as connection:
            opening = f"BEGIN; {_set_tenant(tenant_id)}"
            if lock_timeout_ms:
                opening += f"; {_limit_waits(lock_timeout_ms)}"
            transaction = Transaction(connection, tenant_id, self._source)
            try:
                await connection.execute(opening)  # nosemgrep: sql-built-in-code - a UUID and a number
                yield transaction
                await transaction.flush()
                await commit(connection)
            except BaseException:
                transaction.lost = not await roll_back(connection)
                raise
        if transaction.added:
            self.after_commit(transaction.added)

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID, cause: Cause | None = None) -> AsyncIterator[UnitOfWork]:
        """Begin a separate transaction for the work of one cause. The default cause has the present time and
        the current trace."""
        async with self.begin(tenant_id) as transaction:
            yield transaction.unit(cause or Cause(self.clock.now()))

    @asynccontextmanager
    async def reading(self, tenant_id: UUID, *, now: datetime | None = None) -> AsyncIterator[UnitOfWork]:
        """Begin a read-only transaction of one tenant. It sees one consistent snapshot and can't write."""
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
        """Tell whether `error` does not come from the database. Other systems raise the same errors."""
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
        """Take a connection from the pool outside any tenant. It sees no tenant's rows."""
        asked = time.perf_counter()
        async with self.pool.acquire(timeout=10) as connection:
            POOL_WAIT_SECONDS.observe(time.perf_counter() - asked)
            yield connection  # type: ignore[misc]


def _set_tenant(tenant_id: UUID) -> str:
    return f"SET LOCAL optima.tenant = '{UUID(bytes=tenant_id.bytes)}'"


def _limit_waits(milliseconds: int) -> str:
    return f"SET LOCAL lock_timeout = {int(milliseconds)}"
