"""Group commit: commands of one tenant that wait at the same moment share a transaction.

A tenant has two lanes. A lane begins a transaction, takes the commands that wait by then and those that
arrive while it runs them, up to sixteen of them or for five milliseconds, runs them one after the other,
and commits. So the commands share the round trips for beginning, for writing events and answers, and for
the commit. No command is answered before the commit. Any failure rolls the whole group back, and its
commands run again one by one, so that a failure then concerns only its own command. A command must
therefore be repeatable up to its commit. A command that is refused before it has changed anything is left
out of the group without rolling it back.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg

from .backbone_metrics import COMMAND_GROUP, COMMAND_GROUPS_UNDONE
from .db import Database, Transaction
from .postgres import CONFLICTS
from .refusals import Refusal

T = TypeVar("T")

LANES: Final = 2
"""The number of lanes of one tenant. A third lane brought nothing on two cores."""
GROUP: Final = 16
"""The most commands in one transaction."""
GROUP_SECONDS: Final = 0.005
"""How long a group takes further commands once it has begun, since the commands before them wait for its
end."""
LOCK_MILLISECONDS: Final = 50
"""How long a command in a group waits for a lock before the group is rolled back. A command that nobody else
waits beside runs without a limit."""
TRIES: Final = 5
"""How often a command is tried alone if it collides with a command of another process each time."""
SLOW_SECONDS: Final = 0.05
"""A lane that takes longer no longer counts as one of the two, so that other commands need not wait for
it."""


@dataclass(eq=False, slots=True)
class _Command:
    run: Callable[[Transaction], Awaitable[Any]]
    answer: asyncio.Future[Any]
    alone: bool = False
    tries: int = 0
    """How often the command has run alone."""


@dataclass(slots=True)
class _Tenant:
    waiting: deque[_Command] = field(default_factory=deque)
    lanes: int = 0
    beginning: _Command | None = None
    """The first command of a group whose transaction is just beginning. The group takes what arrives
    meanwhile, so no other begins."""
    size: int = GROUP
    """The most commands in the next group. It is halved when a group is rolled back, and grows by one when
    one commits, even one of a single command, as it would never grow again otherwise."""


class Lanes:
    """Runs commands on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants: dict[UUID, _Tenant] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, tenant_id: UUID, command: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `command` and return its result once it is committed. It may be called more than once, each
        time in a transaction that knows nothing of the one before. Raises what the command raises when it
        runs alone."""
        tenant = self._tenants.setdefault(tenant_id, _Tenant())
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        tenant.waiting.append(_Command(command, answer))
        self._open_lane(tenant_id, tenant)
        return await answer

    def _open_lane(self, tenant_id: UUID, tenant: _Tenant) -> None:
        if tenant.waiting and tenant.lanes < LANES and tenant.beginning is None:
            tenant.lanes += 1
            task = asyncio.create_task(self._serve(tenant_id, tenant), name="lane")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, tenant_id: UUID, tenant: _Tenant) -> None:
        """Serve one lane until nothing waits."""
        slow = False

        def give_way() -> None:
            nonlocal slow
            slow = True
            tenant.lanes -= 1
            self._open_lane(tenant_id, tenant)

        try:
            while tenant.waiting and not slow and tenant.beginning is None:
                timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, give_way)
                try:
                    await self._run_group(tenant_id, tenant)
                finally:
                    timer.cancel()
        finally:
            if not slow:
                tenant.lanes -= 1
            # A slow lane ends here, and may leave commands that it has put back to wait.
            self._open_lane(tenant_id, tenant)
            if not tenant.lanes and tenant.beginning is None and self._tenants.get(tenant_id) is tenant:
                del self._tenants[tenant_id]

    def _has_begun(self, tenant_id: UUID, tenant: _Tenant, first: _Command) -> None:
        if tenant.beginning is first:
            tenant.beginning = None
            self._open_lane(tenant_id, tenant)

    async def _run_group(self, tenant_id: UUID, tenant: _Tenant) -> None:
        first = tenant.waiting.popleft()
        taken = [first]
        outcomes: list[tuple[_Command, Any, Refusal | None]] = []
        if not first.alone:
            tenant.beginning = first
        shared = _another_joins(tenant, taken)
        try:
            limit = LOCK_MILLISECONDS if shared else 0
            async with self._database.begin(tenant_id, lock_timeout_ms=limit) as transaction:
                if not shared and _another_joins(tenant, taken):
                    shared = True
                    await transaction.limit_waits_for_locks(LOCK_MILLISECONDS)
                self._has_begun(tenant_id, tenant, first)
                began = time.perf_counter()
                outcomes.append((first, *await _attempt(first, transaction)))
                while (
                    shared and _another_joins(tenant, taken) and time.perf_counter() - began < GROUP_SECONDS
                ):
                    taken.append(tenant.waiting.popleft())
                    outcomes.append((taken[-1], *await _attempt(taken[-1], transaction)))
        except asyncio.CancelledError:
            for command in taken:
                command.answer.cancel()
            raise
        except Exception as error:
            if tenant.beginning is first:
                # It could not begin. Nobody who waited for that must also wait for the failures of others.
                taken.extend(tenant.waiting)
                tenant.waiting.clear()
            if len(taken) == 1 and not (shared and isinstance(error, asyncpg.LockNotAvailableError)):
                first.tries += 1
                if isinstance(error, CONFLICTS) and first.tries < TRIES:
                    tenant.waiting.append(first)
                elif not first.answer.done():
                    first.answer.set_exception(error)
                return
            COMMAND_GROUPS_UNDONE.inc()
            tenant.size = max(1, tenant.size // 2)
            for command in taken:
                command.alone = True
            tenant.waiting.extendleft(reversed(taken))
            self._open_lane(tenant_id, tenant)
            return
        finally:
            self._has_begun(tenant_id, tenant, first)
        if not first.alone:
            tenant.size = min(GROUP, tenant.size + 1)
        COMMAND_GROUP.observe(len(taken))
        for command, result, refusal in outcomes:
            if command.answer.done():
                continue  # the caller has gone
            if refusal is not None:
                command.answer.set_exception(refusal)
            else:
                command.answer.set_result(result)


def _another_joins(tenant: _Tenant, taken: list[_Command]) -> bool:
    """Tell whether the next waiting command may join the group."""
    if not tenant.waiting or len(taken) >= tenant.size:
        return False
    return not (taken[0].alone or tenant.waiting[0].alone)


async def _attempt(command: _Command, transaction: Transaction) -> tuple[Any, Refusal | None]:
    """Run a command in the transaction and return its result. Return its refusal instead if it was refused
    and has left no trace."""
    mark = transaction.mark()
    try:
        return await command.run(transaction), None
    except Refusal as refusal:
        if transaction.changed_since(mark):
            raise
        transaction.rewind(mark)
        return None, refusal
