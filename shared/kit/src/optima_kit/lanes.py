"""Group commit: commands of one tenant that wait at the same moment share a transaction.

A tenant has two lanes. A lane takes the waiting commands, up to sixteen of them or for five milliseconds,
runs them one after the other in one transaction, and commits. So the commands share the round trips for
beginning, for writing events and answers, and for the commit. No command is answered before the commit. Any
failure rolls the whole group back, and its commands run again one by one, so that a failure then concerns
only its own command. A command must therefore be repeatable up to its commit. A command that is refused
before it has changed anything is left out of the group without rolling it back.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

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
"""How long a group takes further commands, since the commands before them wait for their end."""
LOCK_MILLISECONDS: Final = 50
"""How long a command in a group waits for a lock before the group is rolled back. A command that runs alone
waits without a limit."""
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
    size: int = GROUP
    """The size of the next group. It is halved when a group is rolled back, and grows by one after each
    success."""


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
        if tenant.waiting and tenant.lanes < LANES:
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
            while tenant.waiting and not slow:
                timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, give_way)
                try:
                    await self._run_group(tenant_id, tenant, _next_group(tenant))
                finally:
                    timer.cancel()
        finally:
            if not slow:
                tenant.lanes -= 1
            # A slow lane ends here, and may leave commands that it has put back to wait.
            self._open_lane(tenant_id, tenant)
            if not tenant.lanes and self._tenants.get(tenant_id) is tenant:
                del self._tenants[tenant_id]

    async def _run_group(self, tenant_id: UUID, tenant: _Tenant, group: list[_Command]) -> None:
        outcomes: list[tuple[_Command, Any, Refusal | None]] = []
        began = time.perf_counter()
        together = len(group) > 1
        timeout = LOCK_MILLISECONDS if together else 0
        try:
            async with self._database.begin(tenant_id, lock_timeout_ms=timeout) as transaction:
                while group:
                    if outcomes and time.perf_counter() - began > GROUP_SECONDS:
                        break
                    outcomes.append((group[0], *await _attempt(group[0], transaction, together=together)))
                    del group[0]
        except asyncio.CancelledError:
            for command in (*(command for command, _, _ in outcomes), *group):
                command.answer.cancel()
            raise
        except Exception as error:
            undone = [command for command, _, _ in outcomes] + group
            if not together:
                (command,) = undone
                command.tries += 1
                if isinstance(error, CONFLICTS) and command.tries < TRIES:
                    tenant.waiting.append(command)
                elif not command.answer.done():
                    command.answer.set_exception(error)
                return
            COMMAND_GROUPS_UNDONE.inc()
            tenant.size = max(1, tenant.size // 2)
            for command in undone:
                command.alone = True
            tenant.waiting.extendleft(reversed(undone))
            self._open_lane(tenant_id, tenant)
            return
        tenant.waiting.extendleft(reversed(group))
        if together:
            tenant.size = min(GROUP, tenant.size + 1)
        COMMAND_GROUP.observe(len(outcomes))
        for command, result, refusal in outcomes:
            if command.answer.done():
                continue  # the caller has gone
            if refusal is not None:
                command.answer.set_exception(refusal)
            else:
                command.answer.set_result(result)


def _next_group(tenant: _Tenant) -> list[_Command]:
    """Return the commands of the next transaction: the waiting ones, or only the first if it must run
    alone."""
    group = [tenant.waiting.popleft()]
    while tenant.waiting and len(group) < tenant.size and not group[0].alone and not tenant.waiting[0].alone:
        group.append(tenant.waiting.popleft())
    return group


async def _attempt(
    command: _Command, transaction: Transaction, *, together: bool
) -> tuple[Any, Refusal | None]:
    """Run a command in the transaction and return its result. Return its refusal instead if it was refused
    and has left no trace in a shared transaction."""
    mark = transaction.mark()
    try:
        return await command.run(transaction), None
    except Refusal as refusal:
        if not together or transaction.changed_since(mark):
            raise
        transaction.rewind(mark)
        return None, refusal
