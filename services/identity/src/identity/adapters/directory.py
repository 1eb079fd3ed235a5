"""Units of work for callers who have no token yet, and for handlers that begin their own."""

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
    """Begin a unit of work for a handler whose answer must not be stored for repeated requests. The caller is
    checked as in units of work that the kit begins. `privilege` is the endpoint's; None if people act on
    themselves. Set `changes_directory` if they change something of themselves that others may change too."""
    async with call.database.transaction(call.actor.tenant_id, call.cause) as work:
        ports: Ports = call.resources.ports(work)
        actor = await admit(
            ports, call.actor, lock="directory" if privilege or changes_directory else "person"
        )
        if privilege is not None:
            actor.require(privilege)
        yield ports, actor
