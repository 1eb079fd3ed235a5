"""Measures how the ERP bridge finds records by their links, with few and with many, and prints each figure.

    python benchmarks/erp_links.py                         10,000 and 1,000,000 linked customers

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. Both are
measured in turn, sample by sample: what else the machine does meets both.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from measure.growth import growth_of, report
from measure.stack import Figure

from erp_bridge.application.configure_connection import configure_connection
from erp_bridge.application.ports import Ports
from erp_bridge.bootstrap import BridgeSettings, service
from optima_kit.cause import Cause
from optima_kit.db import Database
from optima_kit.service import Service
from optima_kit.sql import Statement
from optima_kit.testing import settings_for, temporary_database

TENANT = UUID("019ab400-0001-7001-8a5d-3c1e0f000001")
PAGE: Final = 500
"""Records that an import looks up at once."""
RECORDS = Statement.parse("""
INSERT INTO records (record_id, entity, code, name, vat_number, fields, updated_at)
SELECT lpad(to_hex(n), 32, '0')::uuid, 'customer', 'C' || n, 'Cliente ' || n, lpad(n::text, 11, '0'),
       jsonb_build_object('name', 'Cliente ' || n, 'vat_number', lpad(n::text, 11, '0')), now()
FROM generate_series(:first::integer, :last::integer) AS n
""")
LINKS = Statement.parse("""
INSERT INTO links (connection_id, entity, internal_id, external_id, remote_code, content_hash)
SELECT :connection_id, 'customer', lpad(to_hex(n), 32, '0')::uuid, 'C' || n, 'C' || n, repeat('0', 64)
FROM generate_series(:first::integer, :last::integer) AS n
""")
AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Desk:
    """A tenant whose ERP has told of so many customers."""

    built: Service[Ports]
    database: Database
    connection_id: UUID
    count: int

    @contextlib.asynccontextmanager
    async def ports(self) -> AsyncIterator[Ports]:
        async with self.database.transaction(TENANT, Cause(datetime.now(UTC))) as work:
            yield self.built.ports(work)

    def some(self, share: float, count: int) -> list[int]:
        """Numbers of customers, far from each other."""
        return [1 + (int(share * 7919 * self.count) + n * 104_729) % self.count for n in range(count)]


@contextlib.asynccontextmanager
async def filled(count: int) -> AsyncIterator[Desk]:
    async with temporary_database("erp_bridge") as stored:
        built = service(settings_for(stored, BridgeSettings))
        database = await Database.open(stored.rw_url, source="/optima/erp-bridge", size=2)
        async with database.transaction(TENANT, Cause(datetime.now(UTC))) as work:
            connection = await configure_connection(
                built.ports(work),
                "erp",
                expected_version=None,
                connector="drop-folder",
                settings={"folder": "erp"},
                exchanges={},
                changes={},
                calls_per_minute=None,
            )
        for first in range(1, count + 1, AT_ONCE):
            part = {"first": first, "last": min(first + AT_ONCE - 1, count)}
            async with database.transaction(TENANT, Cause(datetime.now(UTC))) as work:
                await work.execute(RECORDS, **part)
                await work.execute(LINKS, connection_id=connection.connection_id, **part)
        await stored.fetch("VACUUM ANALYZE")
        yield Desk(built, database, connection.connection_id, count)
        await database.close()


async def find_page(desk: Desk, share: float) -> None:
    """As an import does with a page that came before."""
    remote_ids = [f"C{number}" for number in desk.some(share, PAGE)]
    async with desk.ports() as ports:
        found = await ports.records.find_content_hashes(desk.connection_id, "customer", remote_ids)
    assert len(found) == len(set(remote_ids))


async def find_codes(desk: Desk, share: float) -> None:
    """As a document does that leaves: its customer's code in each ERP."""
    (number,) = desk.some(share, 1)
    async with desk.ports() as ports:
        assert await ports.records.list_connections_of(UUID(int=number))


async def find_by_tax_number(desk: Desk, share: float) -> None:
    """As an import does with a record that it does not know."""
    (number,) = desk.some(share, 1)
    async with desk.ports() as ports:
        known = await ports.records.find_known_records(
            desk.connection_id, "customer", ["new"], [f"{number:011d}"]
        )
    assert known.linked_by_tax_number


async def measure(few: int, many: int, samples: int) -> list[Figure]:
    questions: dict[str, Callable[[Desk, float], Awaitable[None]]] = {
        f"a page of {PAGE} by remote id": find_page,
        "a customer's codes": find_codes,
        "by tax number": find_by_tax_number,
    }
    async with filled(few) as little, filled(many) as much:
        return await growth_of(questions, (f"{few:,} links", little), (f"{many:,} links", much), samples)


if __name__ == "__main__":
    report(measure, __doc__)
