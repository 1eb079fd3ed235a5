"""Jobs that transactions schedule. Immediate jobs and timers are the same: a row with a due time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from .cause import Cause
from .ids import new_id
from .sql import Statement

if TYPE_CHECKING:
    from .db import Database, UnitOfWork
    from .postgres import Connection

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P")

# If an unfinished job has the same kind and key, it gets the new payload and time. Its new `revision` keeps a
# run that is under way from marking the new version of the job as done.
_SCHEDULE_JOBS: Final = """
INSERT INTO jobs AS known (id, kind, key, payload, due_at, causation_id, traceparent)
SELECT *
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[], $7::text[])
    AS wanted(id, kind, key, payload, due_at, causation_id, traceparent)
ORDER BY kind, key
ON CONFLICT (tenant_id, kind, key) WHERE state = 'due' DO UPDATE SET
    payload = excluded.payload, due_at = excluded.due_at, revision = known.revision + 1, attempts = 0,
    hinted_at = NULL, last_error = NULL, causation_id = excluded.causation_id,
    traceparent = excluded.traceparent
"""

_CANCEL_JOBS: Final = """
UPDATE jobs SET state = 'cancelled', finished_at = now()
FROM unnest($1::text[], $2::text[]) AS unwanted(kind, key)
WHERE jobs.kind = unwanted.kind AND jobs.key = unwanted.key AND jobs.state = 'due'
"""

MARK_DONE: Final = Statement.parse("""
UPDATE jobs SET state = 'done', finished_at = now(), locked_until = NULL, last_error = NULL
WHERE id = :id AND state = 'due' AND revision = :revision
""")
# The lease's time serves as its token: a run that has lost its lease must not finish the job, which another
# run may have begun again.
_HOLDS_LEASE: Final = Statement.parse("SELECT FROM jobs WHERE id = :id AND locked_until = :lease FOR UPDATE")
# For a job that was rescheduled or cancelled during its run. If it was rescheduled, the dispatcher sends it
# again.
RELEASE: Final = Statement.parse("""
UPDATE jobs SET locked_until = NULL, hinted_at = NULL
WHERE id = :id AND state = 'due' AND locked_until IS NOT DISTINCT FROM :lease::timestamptz
""")


@dataclass(frozen=True, slots=True)
class _Wanted:
    payload: str
    due_at: datetime
    causation: UUID | None
    traceparent: str | None


class JobWrites:
    """The jobs of one transaction, with all their causes. The last change of a kind and key counts."""

    def __init__(self) -> None:
        self._pending: dict[tuple[str, str], _Wanted | None] = {}

    def schedule(self, kind: str, payload: BaseModel, *, key: str, due_at: datetime, cause: Cause) -> None:
        self._pending[kind, key] = _Wanted(
            payload.model_dump_json(), due_at, cause.causation_id, cause.traceparent
        )

    def cancel(self, kind: str, key: str) -> None:
        self._pending[kind, key] = None

    def mark(self) -> dict[tuple[str, str], _Wanted | None]:
        """Return a mark of the present state for `rewind`."""
        return dict(self._pending)

    def rewind(self, mark: dict[tuple[str, str], _Wanted | None]) -> None:
        """Drop what was scheduled and cancelled since `mark`."""
        self._pending = mark

    async def flush(self, connection: Connection) -> bool:
        """Write what was scheduled and cancelled. Return whether there was anything to write."""
        if not self._pending:
            return False
        pending, self._pending = sorted(self._pending.items()), {}
        unwanted = [name for name, job in pending if job is None]
        wanted = {name: job for name, job in pending if job is not None}
        if unwanted:
            await connection.execute(
                _CANCEL_JOBS, [kind for kind, _ in unwanted], [key for _, key in unwanted]
            )
        if wanted:
            await connection.execute(
                _SCHEDULE_JOBS,
                [new_id() for _ in wanted],
                [kind for kind, _ in wanted],
                [key for _, key in wanted],
                [job.payload for job in wanted.values()],
                [job.due_at for job in wanted.values()],
                [job.causation for job in wanted.values()],
                [job.traceparent for job in wanted.values()],
            )
        return True


@dataclass(frozen=True, slots=True)
class CausedJobs:
    """The jobs for the work of one cause. Implements `ports.Jobs`."""

    writes: JobWrites
    cause: Cause

    def schedule(self, kind: str, payload: BaseModel, *, key: str, due_at: datetime | None = None) -> None:
        """Schedule a job for `due_at`, or for now. There is one unfinished job for each kind and key:
        scheduling it again replaces its payload and its due time."""
        self.writes.schedule(kind, payload, key=key, due_at=due_at or self.cause.at, cause=self.cause)

    def cancel(self, kind: str, key: str) -> None:
        """Cancel the unfinished job of this kind and key, if there is one."""
        self.writes.cancel(kind, key)


DEFAULT_TIMEOUT: Final = timedelta(minutes=2)
DEFAULT_ATTEMPTS: Final = 12
"""The number of attempts. The pauses double from a second to 17 minutes, less up to half of each at
random, so that a job is given up after 17 to 34 minutes."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """How a kind of job is run. A job that runs `outside` runs between transactions, under a lease of
    `timeout`."""

    name: str
    model: type[BaseModel]
    run: Callable[..., Awaitable[None]]
    outside: bool
    timeout: timedelta
    attempts: int
    every: timedelta | None = None
    """How long after the beginning of a run the next one is due, for a job that repeats."""
    again_after: timedelta | None = None
    """How long after a run was given up the job is due again, for a job whose series must not end by that."""


class JobKinds:
    """A service's kinds of jobs: the table that its `adapters/jobs.py` fills."""

    def __init__(self) -> None:
        self._kinds: dict[str, JobKind] = {}

    def on(
        self,
        kind: str,
        model: type[M],
        *,
        attempts: int = DEFAULT_ATTEMPTS,
        again_after: timedelta | None = None,
    ) -> Callable[[Callable[[Any, M], Awaitable[None]]], Callable[[Any, M], Awaitable[None]]]:
        """Declare a job that runs in one transaction of the tenant, which also marks it as done: `async def
        (ports, payload)`. After a failure it is rolled back and tried again, `attempts` times at most.

        A job whose runs themselves schedule the next one says `again_after`: so long after a run was given
        up, it is due again. Otherwise the series would end there.
        """

        def register(run: Callable[[Any, M], Awaitable[None]]) -> Callable[[Any, M], Awaitable[None]]:
            self._add(JobKind(kind, model, run, False, DEFAULT_TIMEOUT, attempts, None, again_after))
            return run

        return register

    def every(
        self, interval: timedelta, kind: str, model: type[M], *, attempts: int = DEFAULT_ATTEMPTS
    ) -> Callable[[Callable[[Any, M], Awaitable[None]]], Callable[[Any, M], Awaitable[None]]]:
        """Declare a job that repeats: like `on`, but each run also schedules the next one, with the same
        payload and key, `interval` after it began. The first run has to be scheduled. A run ends the series
        with `ports.jobs.cancel(kind, key)`. A run that is given up does not end it."""

        def register(run: Callable[[Any, M], Awaitable[None]]) -> Callable[[Any, M], Awaitable[None]]:
            self._add(JobKind(kind, model, run, False, DEFAULT_TIMEOUT, attempts, interval, interval))
            return run

        return register

    def outside(
        self,
        kind: str,
        model: type[M],
        *,
        timeout: timedelta = DEFAULT_TIMEOUT,
        attempts: int = DEFAULT_ATTEMPTS,
        again_after: timedelta | None = None,
    ) -> Callable[[Callable[[Any, M], Awaitable[None]]], Callable[[Any, M], Awaitable[None]]]:
        """Declare a job that calls other systems between transactions: `async def (run: JobRun, payload)`.

        No other worker runs the job for `timeout`; after that it is interrupted and tried again. The job must
        end by leaving `run.finish()`, and its calls to other systems must be repeatable. `again_after` means
        the same as in `on`.
        """

        def register(run: Callable[[Any, M], Awaitable[None]]) -> Callable[[Any, M], Awaitable[None]]:
            self._add(JobKind(kind, model, run, True, timeout, attempts, None, again_after))
            return run

        return register

    def _add(self, kind: JobKind) -> None:
        if kind.name in self._kinds:
            raise ValueError(f"two jobs of the kind {kind.name}")
        self._kinds[kind.name] = kind

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def outside_kinds(self) -> list[str]:
        """List the kinds of jobs that wait for other systems."""
        return [name for name, kind in self._kinds.items() if kind.outside]

    def get(self, kind: str) -> JobKind | None:
        return self._kinds.get(kind)


class LeaseLost(Exception):
    """Raised if a run took longer than its timeout allows, so that another run may have begun."""


class JobRun(Generic[P]):
    """One run of a job that calls other systems. It opens transactions before and after the calls, not around
    them."""

    def __init__(
        self,
        ports: Callable[[UnitOfWork], P],
        resources: Any,
        database: Database,
        id_: UUID,
        tenant_id: UUID,
        row: Mapping[str, Any],
        lease: datetime,
    ) -> None:
        self.id = id_
        self.tenant_id = tenant_id
        self.key: str = row["key"]
        self.attempt: int = row["attempts"] + 1
        """The number of this attempt, from 1."""
        self.resources = resources
        self.finished = False
        self._database = database
        self._ports = ports
        self._revision: int = row["revision"]
        self._lease = lease
        self._cause = partial(Cause, causation_id=row["causation_id"])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[P]:
        """Open a separate transaction of the tenant."""
        async with self._unit() as unit:
            yield self._ports(unit)

    @asynccontextmanager
    async def finish(self) -> AsyncIterator[P]:
        """Open the transaction that also marks the job as done. Raises LeaseLost if the run took too long, so
        that it can't undo the work of another run."""
        async with self._unit() as unit:
            if await unit.fetchrow(_HOLDS_LEASE, id=self.id, lease=self._lease) is None:
                raise LeaseLost
            if not await unit.execute(MARK_DONE, id=self.id, revision=self._revision):
                unit.write(RELEASE, id=self.id, lease=self._lease)
            yield self._ports(unit)
        self.finished = True

    def _unit(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._database.transaction(self.tenant_id, self._cause(self._database.clock.now()))
