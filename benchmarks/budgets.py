"""Measures what an approval costs that is committed of a budget, with few and with many budgets and entries.

    python benchmarks/budgets.py                     10,000 and 1,000,000 rows
    python benchmarks/budgets.py --many 50000          a look in a minute

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. As many rows
are entries of the budget that is charged, as many again are other briefs, each charged to one of a thousandth
as many budgets. Both databases are measured in turn, sample by sample: what else the machine does meets both.
What is measured is a transaction of the use case, without HTTP.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from decimal import Decimal
from functools import partial
from uuid import UUID

import asyncpg
from measure.growth import filled, growth_of, report
from measure.stack import Figure

from brief.adapters.postgres import ports_on
from brief.application.on_approval import on_approved
from brief.application.ports import BudgetFilters, Ports
from brief.domain.budgets import Holder
from brief.domain.lifecycle import AuditContext
from optima_contracts.approval import Approved
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.testing import ServiceDatabase

TENANT = UUID("019ab400-0004-7001-8a5d-3c1e0f000001")
HOLDER = Holder(cost_centre="CC-1")
DAY = date(2027, 2, 15)
CONTENT = (
    '{"title": "Lancio", "category": "POP", "budget": "0.01", "deadline": "2027-02-15", '
    '"cost_centre": "CC-1", "items": []}'
)
MADE = """
CREATE FUNCTION made(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5(kind || n)::uuid
"""
BUDGETS = """
    INSERT INTO budgets (budget_id, tenant_id, name, cost_centre, period_from, period_to, planned, committed,
        spent, blocking, version)
    SELECT made('budget', n), $1, 'Budget ' || n, 'CC-' || n, '2027-01-01', '2027-12-31', 900000000, 0, 0,
        true, 1
    FROM generate_series(1, $2::bigint / 1000 + 1) AS n
"""
BRIEFS = """
    INSERT INTO briefs (brief_id, tenant_id, number, requester_id, requester_name, state, cause, revision,
        version, submitted_revision, draft, drafted_at, changed_at)
    SELECT made('brief', n), $1, 'B-' || n, made('person', n % 200), 'Anna',
        CASE WHEN n <= $3::bigint THEN 'in_approval' ELSE 'closed' END, 'submitted', 1, 1, 1,
        CASE WHEN n > $3::bigint THEN '{"title": "x"}'::jsonb END, now(), now()
    FROM generate_series(1, $2::bigint + $3::bigint) AS n
"""
REVISIONS = """
    INSERT INTO revisions (brief_id, tenant_id, revision, content, content_hash, process, submitted_at,
        submitted_by, proposed_prices)
    SELECT made('brief', n), $1, 1, $4::jsonb, 'x', 'standard', now(), made('person', 1), '{}'
    FROM generate_series(1, $3::bigint) AS n WHERE $2::bigint > 0
"""
CHARGES = """
    INSERT INTO budget_charges (brief_id, tenant_id, budget_id, committed, spent, uncovered, waiting, since)
    SELECT made('brief', $3::bigint + n), $1, made('budget', n % ($2::bigint / 1000 + 1) + 1), 0, 0, 0, false,
        now()
    FROM generate_series(1, $2::bigint) AS n
"""
ENTRIES = """
    INSERT INTO budget_entries (budget_id, tenant_id, at, cause, brief_id, planned, committed, spent)
    SELECT made('budget', 1), $1, now(), 'approved', made('brief', n), 0, 0, 0
    FROM generate_series(1, $2::bigint) AS n
"""


class Treasury:
    """Briefs with budgets on a filled database."""

    def __init__(self, rows: int, waiting: int, stored: ServiceDatabase, database: Database) -> None:
        self.rows = rows
        self.waiting = waiting
        """Briefs in approval, to be approved by the samples."""
        self.stored = stored
        self.database = database
        self.turn = 0
        self.briefs: list[UUID] = []

    async def fill(self) -> None:
        connection = await asyncpg.connect(self.stored.superuser_url)
        await connection.execute(MADE)
        # Without triggers: nobody looks for these briefs by words.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(BUDGETS, TENANT, self.rows, timeout=3600)
        await connection.execute(BRIEFS, TENANT, self.rows, self.waiting, timeout=3600)
        await connection.execute(REVISIONS, TENANT, self.rows, self.waiting, CONTENT, timeout=3600)
        await connection.execute(CHARGES, TENANT, self.rows, self.waiting, timeout=3600)
        await connection.execute(ENTRIES, TENANT, self.rows, timeout=3600)
        rows = await connection.fetch(
            "SELECT made('brief', n) AS id FROM generate_series(1, $1::bigint) AS n", self.waiting
        )
        self.briefs = [row["id"] for row in rows]
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.close()

    @contextlib.asynccontextmanager
    async def work(self) -> AsyncIterator[Ports]:
        async with self.database.transaction(TENANT) as work:
            yield ports_on(work)

    async def commit(self, _: float) -> None:
        brief_id = self.briefs[self.turn]
        self.turn += 1
        event = Approved(
            approval_id=new_id(),
            subject_type="brief",
            subject_id=brief_id,
            subject_revision=1,
            content_hash="x",
        )
        async with self.work() as ports:
            await on_approved(ports, event, AuditContext(ports.now))

    async def find(self, _: float) -> None:
        async with self.database.reading(TENANT) as work:
            assert await ports_on(work).budgets.find_budget_of(HOLDER, DAY)

    async def entries(self, _: float) -> None:
        async with self.database.reading(TENANT) as work:
            budgets = ports_on(work).budgets
            budget = await budgets.find_budget_of(HOLDER, DAY)
            assert budget is not None
            assert len(await budgets.list_entries(budget.budget_id, None, 51)) == 51

    async def listed(self, share: float) -> None:
        async with self.database.reading(TENANT) as work:
            budgets = ports_on(work).budgets
            await budgets.list_budgets(BudgetFilters(), None, 51, by_available=share < 0.5)

    async def committed(self) -> Decimal:
        async with self.work() as ports:
            budget = await ports.budgets.find_budget_of(HOLDER, DAY)
            assert budget is not None
            return budget.committed


QUESTIONS: dict[str, Callable[[Treasury, float], Awaitable[None]]] = {
    "commit of an approval": Treasury.commit,
    "budget of a brief": Treasury.find,
    "entries of a budget": Treasury.entries,
    "list of budgets": Treasury.listed,
}


def treasury(rows: int, waiting: int) -> AbstractAsyncContextManager[Treasury]:
    return filled("brief", f"{rows:,} rows", partial(Treasury, rows, waiting))


async def measure(fewer: int, more: int, samples: int) -> list[Figure]:
    figures: list[Figure] = []
    waiting = samples + 100
    async with treasury(fewer, waiting) as few, treasury(more, waiting) as many:
        gc.collect()
        gc.freeze()
        figures += await growth_of(QUESTIONS, (f"{fewer:,}", few), (f"{more:,}", many), samples)
        for each in (few, many):
            assert await each.committed() == Decimal("0.01") * each.turn
    return figures


if __name__ == "__main__":
    report(measure, __doc__)
