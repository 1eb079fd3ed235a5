"""A visit is compared with the end of the one before, however often its page is loaded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_kit.clock import FixedClock
from optima_kit.db import Database
from optima_kit.testing import ServiceDatabase
from portal.adapters.notices import PortalPorts
from portal.adapters.visits import SAME_VISIT, visited

BEGIN = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
TENANT, ANNA, PAOLO, BRIEF = (uuid4() for _ in range(4))


@pytest.fixture
async def database(
    database_for: Callable[[str], Awaitable[ServiceDatabase]],
) -> AsyncIterator[Database]:
    stored = await database_for("portal")
    opened = await Database.open(stored.rw_url, source="/optima/portal", size=1, clock=FixedClock(BEGIN))
    yield opened
    await opened.close()


def look(database: Database, person_id: UUID, after: timedelta) -> Any:
    session = SimpleNamespace(tenant_id=TENANT, person_id=person_id)
    return SimpleNamespace(database=database, session=SimpleNamespace(session=session), now=BEGIN + after)


async def seen(database: Database, after: timedelta, revision: int = 1) -> tuple[timedelta, int]:
    last = await visited(look(database, ANNA, after), BRIEF, revision)
    return last.at - BEGIN, last.revision


async def test_a_page_that_is_loaded_again_is_the_same_visit(database: Database) -> None:
    start, soon, later = timedelta(), timedelta(minutes=10), SAME_VISIT * 3
    assert await seen(database, start) == (start, 1)
    assert await seen(database, soon) == (start, 1)
    assert await seen(database, later, revision=2) == (soon, 1)
    assert await seen(database, later + soon, revision=2) == (soon, 1)
    assert await seen(database, later * 2, revision=2) == (later + soon, 2)


async def test_each_has_visits_of_their_own_and_is_forgotten_with_them(database: Database) -> None:
    await visited(look(database, ANNA, timedelta()), BRIEF, 1)
    await visited(look(database, PAOLO, SAME_VISIT), BRIEF, 2)
    async with database.transaction(TENANT) as work:
        PortalPorts(work).notices.erase(ANNA)
    assert await seen(database, SAME_VISIT * 3, revision=3) == (SAME_VISIT * 3, 3)
    last = await visited(look(database, PAOLO, SAME_VISIT * 3), BRIEF, 3)
    assert (last.at, last.revision) == (BEGIN + SAME_VISIT, 2)
