"""Group commit: commands of one tenant that wait at the same moment share a transaction.

A tenant has two lanes. A lane takes what waits, up to sixteen commands or five milliseconds, runs them one
after the other in one transaction, and commits: the round trips of beginning, of writing events and answers,
and of the commit are shared. Nobody is answered before the commit. Whatever goes wrong undoes the group, and
its commands run again one by one, so that what fails then is each one's own; a command must therefore be
repeatable up to its commit. A refused command that has changed nothing yet is only forgotten.
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
"""Of one tenant. A third brought nothing on two cores."""
GROUP: Final = 16
"""Commands in one transaction at most."""
GROUP_SECONDS: Final = 0.005
"""A command begins in a group only until then: those before it wait for its end."""
LOCK_MILLISECONDS: Final = 50
"""So long a command in a group waits for a lock before the group is undone. A command alone waits as long as
it takes."""
TRIES: Final = 5
"""So often a command runs alone that collides with another process's each time."""
SLOW_SECONDS: Final = 0.05
"""A lane that takes longer no longer counts as one of the two: others need not wait behind it."""


@dataclass(eq=False, slots=True)
class _Command:
    run: Callable[[Transaction], Awaitable[Any]]
    answer: asyncio.Future[Any]
    alone: bool = False
    tries: int = 0
    """How often it has run alone."""


@dataclass(slots=True)
class _Tenant:
    waiting: deque[_Command] = field(default_factory=deque)
    lanes: int = 0
    size: int = GROUP
    """Of the next group: halved when one had to be undone, and one more after each that was not."""


class Lanes:
    """Runs commands on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants: dict[UUID, _Tenant] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, tenant_id: UUID, command: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `command` returns, once it is committed. It may be called twice, the second time in a
        transaction that knows nothing of the first. Raises what it raises when it runs alone."""
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
        """One lane, until nothing waits."""
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
            # A slow lane ends, and may leave what it has put back.
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
                continue  # whoever asked has gone
            if refusal is not None:
                command.answer.set_exception(refusal)
            else:
                command.answer.set_result(result)


def _next_group(tenant: _Tenant) -> list[_Command]:
    """What one transaction takes: those that wait, or the first alone where it must be."""
    group = [tenant.waiting.popleft()]
    while tenant.waiting and len(group) < tenant.size and not group[0].alone and not tenant.waiting[0].alone:
        group.append(tenant.waiting.popleft())
    return group


async def _attempt(
    command: _Command, transaction: Transaction, *, together: bool
) -> tuple[Any, Refusal | None]:
    """(result, None), or (None, the refusal) of a command that left no trace in the transaction."""
    mark = transaction.mark()
    try:
        return await command.run(transaction), None
    except Refusal as refusal:
        if not together or transaction.changed_since(mark):
            raise
        transaction.rewind(mark)
        return None, refusal
