"""Units of work for those who have no token yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.db import Database, UnitOfWork
from optima_kit.http import Call

from ..application.admit import admit
from ..application.ports import Ports


class DatabaseDirectory:
    def __init__(self, database: Database, ports: Callable[[UnitOfWork], Ports]) -> None:
        self._database = database
        self._ports = ports

    @asynccontextmanager
    async def work(self, tenant_id: UUID) -> AsyncIterator[Ports]:
        async with self._database.transaction(tenant_id) as work:
            yield self._ports(work)

    @asynccontextmanager
    async def reading(self, tenant_id: UUID) -> AsyncIterator[Ports]:
        async with self._database.reading(tenant_id) as work:
            yield self._ports(work)


@asynccontextmanager
async def acting(
    call: Call[Ports], privilege: str | None, *, changes_directory: bool = False
) -> AsyncIterator[tuple[Ports, Actor]]:
    """A unit of work of the handler's own, for answers that must not be kept: the caller is judged in it as
    in those that the kit begins. `privilege`: the endpoint's; None where people act on themselves.
    `changes_directory`: what they change of themselves is what others may change of them too."""
    async with call.database.transaction(call.actor.tenant_id, call.cause) as work:
        ports: Ports = call.resources.ports(work)
        actor = await admit(
            ports, call.actor, lock="directory" if privilege or changes_directory else "person"
        )
        if privilege is not None:
            actor.require(privilege)
        yield ports, actor
