"""Units of work for those who have no token yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from optima_kit.cause import Cause
from optima_kit.db import Database, UnitOfWork

from ..application.ports import Ports


class DatabaseDirectory:
    """`actor_id`: who acts in its units of work, if anybody is known to."""

    def __init__(
        self, database: Database, ports: Callable[[UnitOfWork], Ports], actor_id: UUID | None = None
    ) -> None:
        self._database = database
        self._ports = ports
        self._actor_id = actor_id

    @asynccontextmanager
    async def work(self, tenant_id: UUID) -> AsyncIterator[Ports]:
        cause = Cause(self._database.clock.now(), self._actor_id)
        async with self._database.transaction(tenant_id, cause) as work:
            yield self._ports(work)

    @asynccontextmanager
    async def reading(self, tenant_id: UUID) -> AsyncIterator[Ports]:
        async with self._database.reading(tenant_id) as work:
            yield self._ports(work)
