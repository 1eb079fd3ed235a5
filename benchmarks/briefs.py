"""Measures lists of briefs by words of their titles, and spend, with few and with many briefs stored.

    python benchmarks/briefs.py                      10,000 and 1,000,000 briefs
    python benchmarks/briefs.py --many 50000         a look in a minute

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. Every brief
was approved with prices, a thousand a day, so that a period holds as many whatever is stored. Each title has
a word that all have and one that a hundredth of them has: a page is full in both databases. Both are measured
in turn, sample by sample: what else the machine does meets both. What is measured is the statement with its
transaction, without HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
from measure.growth import filled, growth_of, report
from measure.stack import Figure

from brief.adapters.postgres import ports_on
from brief.application.ports import Filters, Ports
from brief.domain.purchases import Article
from optima_kit.db import Database
from optima_kit.testing import ServiceDatabase

TENANT = UUID("019ab400-0004-7001-8a5d-3c1e0f000001")
NOBODY = UUID(int=0)
A_DAY = 1_000
"""Briefs approved."""
LAST_DAY = datetime(2026, 11, 30, tzinfo=UTC)
GROUPS = ("supplier", "unit", "category", "kind", "month")
MADE = """
CREATE FUNCTION made(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (lpad(to_hex(n), 12, '0') || substr(md5(kind || n), 13))::uuid
"""
"""Ids in the order in which they were made, as the service's own."""
BRIEFS = """
    INSERT INTO briefs (brief_id, tenant_id, number, requester_id, requester_name, state, cause, revision,
        version, submitted_revision, draft, drafted_at, changed_at)
    SELECT made('brief', n), $1, 'B-' || n, made('person', n % 200), 'Anna', 'closed', 'delivered', 1, 1, 1,
        jsonb_build_object('title', 'Lancio campagna' || n % 100 || ' numero' || n), now(), now()
    FROM generate_series(1, $2::bigint) AS n
"""
WORDS = """
    INSERT INTO brief_words (tenant_id, word, brief_id)
    SELECT $1, word, brief_id FROM briefs, word_keys_of(number || ' ' || (draft->>'title')) AS word
    WHERE substr(number, 3)::int % $2 = $3
"""
WRITERS = 2
INDEXES = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition,
        indrelid::regclass::text AS of, conname, pg_get_constraintdef(pg_constraint.oid) AS constraint
    FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid AND contype IN ('p', 'u')
    WHERE indrelid = ANY ($1::text[]::regclass[])
        AND NOT EXISTS (SELECT FROM pg_constraint AS referring WHERE referring.conindid = indexrelid
                        AND referring.contype = 'f')
"""
REVISIONS = """
    INSERT INTO revisions (brief_id, tenant_id, revision, content, content_hash, process, submitted_at,
        submitted_by, proposed_prices)
    SELECT brief_id, $1, 1,
        draft || '{"category": "POP", "budget": "300.00", "deadline": "2026-12-31", "items": []}',
        'x', 'standard',
        now(), requester_id, '{}'
    FROM briefs
"""
PURCHASES = """
    INSERT INTO purchases (brief_id, item_id, tenant_id, bought_at, kind, description, unit, quantity,
        unit_price, supplier_id, unit_id, category, first_unit_price, budget_part)
    SELECT made('brief', n), made('item', n), $1,
        $3::timestamptz - make_interval(days => (n / $4::bigint)::int), 'tipo' || n % 20,
        'Articolo ' || n % 500, 'pz', 100, 2.5, made('supplier', n % 30), made('unit', n % 10),
        'POP', 2.6, 300
    FROM generate_series(1, $2::bigint) AS n
"""


@contextlib.asynccontextmanager
async def _without_indexes(
    connection: asyncpg.Connection[asyncpg.Record], *tables: str
) -> AsyncIterator[None]:
    """Their indexes are built at once afterwards, but for those that other tables refer to."""
    found = await connection.fetch(INDEXES, tables)
    for each in found:
        await connection.execute(
            f"ALTER TABLE {each['of']} DROP CONSTRAINT {each['conname']}"
            if each["conname"]
            else f"DROP INDEX {each['name']}"
        )
    yield
    for each in found:
        await connection.execute(
            f"ALTER TABLE {each['of']} ADD CONSTRAINT {each['conname']} {each['constraint']}"
            if each["conname"]
            else each["definition"],
            timeout=3600,
        )


class Archive:
    """A filled database."""

    def __init__(self, rows: int, stored: ServiceDatabase, database: Database) -> None:
        self.rows = rows
        self.stored = stored
        self.database = database

    async def fill(self) -> None:
        connection = await asyncpg.connect(self.stored.superuser_url)
        # Words are written at once, and not by a trigger for each brief.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        await connection.execute(MADE)
        async with _without_indexes(connection, "briefs", "revisions", "purchases", "brief_words"):
            await connection.execute(BRIEFS, TENANT, self.rows, timeout=3600)
            await connection.execute(REVISIONS, TENANT, timeout=3600)
            await connection.execute(PURCHASES, TENANT, self.rows, LAST_DAY, A_DAY, timeout=3600)
            await self._write_words()
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.close()

    async def _write_words(self) -> None:
        """Twenty-five a brief, by both cores of a small machine."""
        await asyncio.gather(*(self._write_part_of_words(part) for part in range(WRITERS)))

    async def _write_part_of_words(self, part: int) -> None:
        connection = await asyncpg.connect(self.stored.superuser_url)
        await connection.execute("SET synchronous_commit = off")
        await connection.execute(WORDS, TENANT, WRITERS, part, timeout=3600)
        await connection.close()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Ports]:
        async with self.database.reading(TENANT) as work:
            yield ports_on(work)

    async def rare_word(self, share: float) -> None:
        await self._listed(f"campagna{int(share * 99)}")

    async def common_word(self, _: float) -> None:
        await self._listed("lancio")

    async def beginning(self, share: float) -> None:
        await self._listed(("la", "lanc", "campa", "nume")[int(share * 4)])

    async def two_words(self, share: float) -> None:
        await self._listed(f"lancio campagna{int(share * 99)}")

    async def _listed(self, text: str) -> None:
        async with self.reading() as ports:
            found = await ports.briefs.list_briefs(
                Filters(NOBODY, reads_all=True, today=date(2026, 11, 30), text=text),
                None,
                51,
                by_deadline=False,
            )
            assert found, text

    async def spend(self, share: float) -> None:
        """Of three days."""
        by = GROUPS[int(share * len(GROUPS))]
        async with self.reading() as ports:
            assert await ports.purchases.list_spend(by, LAST_DAY - timedelta(days=3), LAST_DAY, 200)

    async def last_paid(self, share: float) -> None:
        """Of three articles, one of which was never bought."""
        number = int(share * 499)
        articles = [
            Article(f"tipo{number % 20}", f"Articolo {number}", "pz"),
            Article(f"tipo{number % 20}", "Mai comprato", "pz"),
            Article("tipo1", "Articolo 1", "pz"),
        ]
        async with self.reading() as ports:
            assert len(await ports.purchases.list_last_paid(articles, NOBODY)) == len(set(articles))


QUESTIONS: dict[str, Callable[[Archive, float], Awaitable[None]]] = {
    "briefs by a rare word": Archive.rare_word,
    "briefs by a common word": Archive.common_word,
    "briefs by both": Archive.two_words,
    "briefs by the beginning of a word": Archive.beginning,
    "spend of three days": Archive.spend,
    "last prices paid": Archive.last_paid,
}


def archive(rows: int) -> AbstractAsyncContextManager[Archive]:
    return filled("brief", f"{rows:,} briefs", partial(Archive, rows))


async def measure(fewer: int, more: int, samples: int) -> list[Figure]:
    figures: list[Figure] = []
    async with archive(fewer) as few, archive(more) as many:
        gc.collect()
        gc.freeze()
        figures += await growth_of(QUESTIONS, (f"{fewer:,}", few), (f"{more:,}", many), samples)
    return figures


if __name__ == "__main__":
    report(measure, __doc__)
