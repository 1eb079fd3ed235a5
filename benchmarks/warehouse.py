"""Measures logistics with few and with many movements stored, each beside its budget, and its typesetter.

    python benchmarks/warehouse.py                     10,000 and 1,000,000 movements
    python benchmarks/warehouse.py --many 50000          a look in a minute

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. What lies in
stock and what is ready to ship are as much in both: history grows, a warehouse does not. Both databases are
measured in turn, sample by sample: what else the machine does meets both. Half of the history is that of
twenty articles, tracked by lots and put to locations. What is measured is a transaction of the use case,
without HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

import asyncpg
from measure.growth import compared, filled, growth_of, report
from measure.stack import Figure, Samples

from logistics.adapters.postgres import ports as ports_of
from logistics.adapters.printer import Printer
from logistics.application.draft_shipment import draft_shipment
from logistics.application.issue_ddt import issue_ddt
from logistics.application.pick_shipment import pick_shipment
from logistics.application.ports import Ports, ShipmentFilter, StockFilter
from logistics.domain.articles import ArticleQuantity
from logistics.domain.ddt import Document, DocumentLine, Sender
from logistics.domain.lookups import Destination, Warehouse
from logistics.domain.parties import Party
from logistics.domain.shipments import Line, Transport
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.testing import ServiceDatabase

TENANT = UUID("019ab400-0003-7001-8a5d-3c1e0f000001")
ARTICLES = 20
IN_STOCK = 500
"""Jobs with goods in the warehouse; as many shipments are ready."""
AT_ONCE = 50
PARTY = Party("Caffè Aurora S.p.A.", "Via Garibaldi 18", "40124", "Bologna", "BO", vat_number="01234560371")
MADE = """
CREATE FUNCTION made(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5(kind || n)::uuid
"""
FILL = (
    "SELECT set_config('optima.tenant', ($1::uuid)::text, false)",
    """
    INSERT INTO orders (order_id, tenant_id, number) SELECT made('order', n), $1, 'O-' || n
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO order_lines (job_id, tenant_id, order_id, position, description, quantity, unit, produced,
        stocked)
    SELECT made('job', n), $1, made('order', n), 1, 'Espositore', 1000000, 'pz', 1000000, n <= $3::bigint
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO shipments (shipment_id, tenant_id, order_id, warehouse, destination, state, reason,
        closes_order_line, drafted_at, version)
    SELECT made('shipment', n), $1, made('order', n), 'BO1', 'MI', CASE WHEN n <= $3::bigint THEN 'picked'
           ELSE 'delivered' END, 'vendita', true, now(), 1
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO shipment_lines (shipment_id, position, tenant_id, job_id, quantity)
    SELECT made('shipment', n), 1, $1, made('job', n), 1000 FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO movements (movement_id, tenant_id, warehouse, job_id, kind, quantity, location, recorded_at)
    SELECT made('in', n), $1, 'BO1', made('job', n), 'receipt', 1000000,
        (ARRAY['', 'A-01-03', 'B-02-01'])[1 + n % 3], now() - interval '1 year'
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO movements (movement_id, tenant_id, warehouse, job_id, kind, quantity, location, shipment_id,
        recorded_at)
    SELECT made('out', n), $1, 'BO1', made('job', n), 'issue', -1000000,
        (ARRAY['', 'A-01-03', 'B-02-01'])[1 + n % 3], made('shipment', n), now()
    FROM generate_series($3::bigint + 1, $2::bigint / 4) AS n
    """,
    # Articles: lots that came and were shipped whole, a thousand movements each, and four places in stock.
    "INSERT INTO orders (order_id, tenant_id, number, kept_for) SELECT made('account', 1), $1, '', ''",
    """
    INSERT INTO order_lines (job_id, tenant_id, order_id, position, description, quantity, unit, goods_code,
        stocked)
    SELECT made('article', n), $1, made('account', 1), 0, 'Locandina', 0, 'pz', 'ART-' || n, true
    FROM generate_series(1, 20) AS n
    """,
    """
    INSERT INTO articles (tenant_id, article_id, code, content, version)
    SELECT $1, made('article', n), 'ART-' || n, '{"description": "Locandina", "unit": "pz", "kept_for": "",
        "tracked_by_lot": true}', 1
    FROM generate_series(1, 20) AS n
    """,
    """
    INSERT INTO lots (tenant_id, article_id, lot, expires_on)
    SELECT $1, made('article', n), 'L' || lot, '2099-01-01'::date + lot::integer
    FROM generate_series(1, 20) AS n, generate_series(0, greatest($2::bigint / 20000, 4)) AS lot
    """,
    """
    INSERT INTO shipments (shipment_id, tenant_id, order_id, warehouse, destination, state, reason,
        from_stock, closes_order_line, drafted_at, version)
    SELECT made('call-off', n), $1, made('account', 1), 'BO1', 'MI', 'delivered', 'omaggio', true, false,
        now(), 1
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO shipment_lines (shipment_id, position, tenant_id, job_id, quantity, live)
    SELECT made('call-off', n), 1, $1, made('article', 1 + n % 20), 10, false
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO shipment_picks (shipment_id, position, tenant_id, job_id, location, lot, quantity)
    SELECT made('call-off', n), 1, $1, made('article', 1 + n % 20), 'A-01-03', 'L' || n / 20000, 10
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO supplier_receipts (tenant_id, receipt_id, supplier, number, date, warehouse, recorded_at)
    SELECT $1, made('supplied', 1), 'MI', '1', date '2026-01-02', 'BO1', now()
    """,
    """
    INSERT INTO movements (movement_id, tenant_id, warehouse, job_id, kind, quantity, location, lot,
        recorded_at, receipt_id)
    SELECT made('bought', n), $1, 'BO1', made('article', 1 + n % 20), 'purchase', 10, 'A-01-03',
        'L' || n / 20000, now() - interval '1 year', made('supplied', 1)
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO movements (movement_id, tenant_id, warehouse, job_id, kind, quantity, location, lot,
        shipment_id, recorded_at)
    SELECT made('sent', n), $1, 'BO1', made('article', 1 + n % 20), 'issue', -10, 'A-01-03',
        'L' || n / 20000, made('call-off', n), now()
    FROM generate_series(1, $2::bigint / 4) AS n
    """,
    """
    INSERT INTO movements (movement_id, tenant_id, warehouse, job_id, kind, quantity, location, lot,
        recorded_at, receipt_id)
    SELECT made('lies' || place, n), $1, 'BO1', made('article', n), 'purchase', 1000000,
        (ARRAY['A-01-03', 'B-02-01'])[1 + place % 2], 'L' || place, now(), made('supplied', 1)
    FROM generate_series(1, 20) AS n, generate_series(0, 3) AS place
    """,
    # What the ledger's triggers would have added up, row by row.
    """
    INSERT INTO stock (tenant_id, job_id, warehouse, location, lot, on_hand, held)
    SELECT tenant_id, job_id, warehouse, location, lot, sum(quantity), 0 FROM movements
    GROUP BY tenant_id, job_id, warehouse, location, lot HAVING sum(quantity) <> 0
    """,
    """
    INSERT INTO stock_totals (tenant_id, job_id, kind, quantity, first_in)
    SELECT tenant_id, job_id, kind, sum(quantity), min(recorded_at) FILTER (WHERE quantity > 0)
    FROM movements GROUP BY tenant_id, job_id, kind
    """,
)
"""Half of the movements are of jobs, which came once and left once; half are of a few articles."""


class Depot:
    """Logistics on a filled database of its own."""

    def __init__(self, movements: int, stored: ServiceDatabase, database: Database) -> None:
        self.movements = movements
        self.stored = stored
        self.database = database
        self.turn = 0

    async def fill(self) -> None:
        connection = await asyncpg.connect(self.stored.superuser_url)
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await connection.execute(MADE)
        for statement in FILL:
            values = (TENANT, self.movements, IN_STOCK)
            asked = max(count for count in range(4) if f"${count}" in statement or not count)
            await connection.execute(statement, *values[:asked], timeout=3600)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.close()
        async with self.work() as ports:
            ports.senders.save(Sender(PARTY, "Europe/Rome"))
            await ports.lookups.save(Warehouse("BO1", PARTY, 1))
            await ports.lookups.save(Destination("MI", PARTY, PARTY, 1))

    @contextlib.asynccontextmanager
    async def work(self) -> AsyncIterator[Ports]:
        async with self.database.transaction(TENANT) as work:
            yield ports_of(work)

    async def ready_to_ship(self, _: float) -> None:
        async with self.database.reading(TENANT) as work:
            found = await ports_of(work).shipments.list_shipments(
                ShipmentFilter(state="picked"), before=None, limit=51
            )
        assert len(found) == 51

    async def stock(self, _: float) -> None:
        async with self.database.reading(TENANT) as work:
            found = await ports_of(work).ledger.list_stock(
                StockFilter(warehouse="BO1"), before=None, limit=51
            )
        assert len(found) == 51

    async def stock_of_a_job(self, share: float) -> None:
        async with self.database.reading(TENANT) as work:
            await ports_of(work).ledger.list_stock(
                StockFilter(job_id=self._job(share)), before=None, limit=51
            )

    async def stock_of_an_article(self, share: float) -> None:
        article = _made(f"article{int(share * ARTICLES) % ARTICLES + 1}")
        async with self.database.reading(TENANT) as work:
            (found,) = await ports_of(work).ledger.list_stock(
                StockFilter(job_id=article), before=None, limit=51
            )
        assert len(found.places) == 4

    def _job(self, share: float) -> UUID:
        return self._named(int(share * IN_STOCK))[1]

    def _named(self, number: int) -> tuple[UUID, UUID]:
        """An order in stock and its job."""
        return _made(f"order{number % IN_STOCK + 1}"), _made(f"job{number % IN_STOCK + 1}")

    async def picked(self, *, article: bool = False) -> UUID:
        """A shipment of a job's goods or, `article`, called off from stock."""
        self.turn += 1
        order_id, job_id = self._named(self.turn)
        asked: list[Line | ArticleQuantity] = [Line(job_id, Decimal(1))]
        if article:
            asked = [ArticleQuantity(f"ART-{self.turn % ARTICLES + 1}", Decimal(1))]
        async with self.work() as ports:
            row = await draft_shipment(
                ports,
                order_id=None if article else order_id,
                document_type="omaggio" if article else "vendita",
                warehouse="BO1",
                destination="MI",
                lines=asked,
                transport=Transport(by="mittente"),
                replaces=None,
            )
        async with self.work() as ports:
            await pick_shipment(ports, row.shipment.shipment_id, None)
        return row.shipment.shipment_id

    async def issue(self, shipment_id: UUID) -> None:
        async with self.work() as ports:
            await issue_ddt(ports, shipment_id, None, issue_date=None, series=None)


def _made(name: str) -> UUID:
    """As the filled database makes them."""
    return UUID(bytes=hashlib.md5(name.encode(), usedforsecurity=False).digest())


async def issues_of_both(few: Depot, many: Depot, samples: int, *, article: bool) -> tuple[Samples, Samples]:
    """Only the issue is timed, not what leads to it."""
    took = Samples(), Samples()
    for number in range(samples + 20):
        for depot, found in zip((few, many), took, strict=True):
            shipment_id = await depot.picked(article=article)
            began = time.perf_counter()
            await depot.issue(shipment_id)
            if number >= 20:
                found.values.append(time.perf_counter() - began)
    return took


async def at_once(depot: Depot) -> float:
    """Milliseconds until the last of fifty issues in one series has its number."""
    shipments = [await depot.picked() for _ in range(AT_ONCE)]
    began = time.perf_counter()
    await asyncio.gather(*(depot.issue(shipment) for shipment in shipments))
    return (time.perf_counter() - began) * 1000


async def pdf(samples: int) -> Samples:
    """Twelve lines, in a process that is warm."""
    lines = tuple(DocumentLine(new_id(), f"Espositore {n}", Decimal(n), "pz") for n in range(1, 13))
    document = Document(
        number="1/2026",
        progressive=1,
        series="",
        year=2026,
        issue_date=date(2026, 11, 4),
        issued_at=datetime(2026, 11, 4, 9, 30, tzinfo=UTC),
        time_zone="Europe/Rome",
        sender=PARTY,
        recipient=PARTY,
        delivery_address=PARTY,
        reason="Vendita",
        transport_by="mittente",
        carrier=None,
        freight="franco",
        appearance="scatole",
        packages=12,
        gross_weight_kg=Decimal("184.5"),
        notes=None,
        order_number="O-2026-0001",
        replaces_number=None,
        lines=lines,
    )
    printer, took = Printer(), Samples()
    for number in range(samples + 1):
        began = time.perf_counter()
        await printer.print(TENANT, document)
        if number:
            took.values.append(time.perf_counter() - began)
    printer.close()
    return took


QUESTIONS: dict[str, Callable[[Depot, float], Awaitable[None]]] = {
    "ready to ship": Depot.ready_to_ship,
    "stock of a warehouse": Depot.stock,
    "stock of a job": Depot.stock_of_a_job,
    "stock of an article": Depot.stock_of_an_article,
}


def depot(movements: int) -> AbstractAsyncContextManager[Depot]:
    return filled("logistics", f"{movements:,} movements", partial(Depot, movements), size=12)


async def measure(fewer: int, more: int, samples: int) -> list[Figure]:
    figures: list[Figure] = []
    async with depot(fewer) as few, depot(more) as many:
        gc.collect()
        gc.freeze()
        names = f"{fewer:,}", f"{more:,}"
        figures += await growth_of(QUESTIONS, (names[0], few), (names[1], many), samples)
        for name, article in (("issue of a DDT", False), ("issue of a DDT from stock", True)):
            print(f"  {name}", file=sys.stderr)
            of_few, of_many = await issues_of_both(few, many, samples, article=article)
            figures += compared(name, (names[0], of_few), (names[1], of_many))
        figures.append(Figure(f"{AT_ONCE} DDTs at once, until the last", await at_once(many), "ms"))
    print("  PDF", file=sys.stderr)
    took = (await pdf(30)).percentile(0.5) * 1000
    figures.append(Figure("PDF of 12 lines, warm, median", took, "ms", "≤ 150 ms", took <= 150))
    return figures


if __name__ == "__main__":
    report(measure, __doc__)
