"""Measures imports of the ERP bridge from a file of customers, each figure beside its budget.

    python benchmarks/erp_imports.py                    100,000 customers
    python benchmarks/erp_imports.py --customers 10000  a look in seconds

It makes a database on the server that OPTIMA_TEST_POSTGRES_URL names and a folder, and drops both. What is
measured is the use case as a job runs it: reading the file, planning, writing, events, a transaction a page.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from measure.stack import Figure, print_figures
from stdnum.luhn import calc_check_digit

from erp_bridge.application.configure_connection import configure_connection
from erp_bridge.application.import_entity import import_entity
from erp_bridge.application.ports import Ports
from erp_bridge.bootstrap import BridgeSettings, service
from optima_kit.cause import Cause
from optima_kit.db import Database
from optima_kit.service import Service
from optima_kit.testing import settings_for, temporary_database

TENANT = UUID("019ab400-0001-7001-8a5d-3c1e0f000001")
CUSTOMERS = 100_000
FIRST_SECONDS = 60
UNCHANGED_ROWS_A_SECOND = 10_000
MEMORY_MB = 150
OTHERS_WAIT_MS = 25
HEADER = (
    "codice;ragione_sociale;partita_iva;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)


class Work:
    """Transactions of the one tenant, as a job has them."""

    def __init__(self, built: Service[Ports], database: Database) -> None:
        self._built = built
        self._database = database

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        async with self._database.transaction(TENANT, Cause(datetime.now(UTC))) as work:
            yield self._built.ports(work)


def drop(folder: Path, count: int) -> None:
    """The ERP exports all its customers."""
    incoming = folder / str(TENANT) / "erp" / "in"
    incoming.mkdir(parents=True, exist_ok=True)
    with (incoming / "clienti.csv").open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for n in range(count):
            number = f"{n + 1:07d}001"
            vat_number = number + calc_check_digit(number)
            where = f"Via Torino {n % 90};20123;Milano;MI"
            file.write(f"C{n:06d};Cliente {n} S.r.l.;{vat_number};{where};MP12;RB 60 gg FM\n")


@contextlib.asynccontextmanager
async def others() -> AsyncIterator[list[float]]:
    """What else the process does meanwhile: seconds that each turn of the event loop keeps it waiting."""
    waits: list[float] = []

    async def take_turns() -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(0.001)
            waits.append(time.perf_counter() - asked - 0.001)

    other = asyncio.create_task(take_turns())
    try:
        yield waits
    finally:
        other.cancel()


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(count: int) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as root:
        async with temporary_database("erp_bridge") as stored:
            built = service(settings_for(stored, BridgeSettings, drop_folder_root=Path(root)))
            database = await Database.open(stored.rw_url, source="/optima/erp-bridge", size=2)
            work = Work(built, database)
            async with work.transaction() as ports:
                await configure_connection(
                    ports,
                    "erp",
                    expected_version=None,
                    connector="drop-folder",
                    settings={"folder": "erp"},
                    exchanges={},
                    changes={},
                    calls_per_minute=None,
                )
            before = peak_mb()
            for name in ("first import", "unchanged again"):
                drop(Path(root), count)
                began = time.perf_counter()
                async with others() as waits:
                    (source,) = await import_entity(work, "erp", "customer", "requested")
                seconds = time.perf_counter() - began
                done = source.counts.created if name == "first import" else source.counts.unchanged
                assert done == count, source.counts
                figures += _figures(name, count, seconds)
                waited = sorted(waits)[len(waits) * 99 // 100] * 1000
                figures.append(
                    Figure(
                        f"{name}: others wait (p99)",
                        waited,
                        "ms",
                        f"≤ {OTHERS_WAIT_MS} ms",
                        waited <= OTHERS_WAIT_MS,
                    )
                )
            grown = peak_mb() - before
            figures.append(
                Figure("memory beyond the start", grown, "MB", f"≤ {MEMORY_MB} MB", grown <= MEMORY_MB)
            )
            await database.close()
    return figures


def _figures(name: str, count: int, seconds: float) -> list[Figure]:
    rows = count / seconds
    if name == "first import":
        budget = FIRST_SECONDS * count / CUSTOMERS
        return [Figure(f"{name} of {count:,}", seconds, "s", f"≤ {budget:g} s", seconds <= budget)]
    met = rows >= UNCHANGED_ROWS_A_SECOND
    return [Figure(f"{name}: rows a second", rows, "/s", f"≥ {UNCHANGED_ROWS_A_SECOND:,} /s", met)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    print_figures(asyncio.run(measure(parser.parse_args().customers)))
