"""Gauges of logistics over all tenants, read from the database so that a restart loses nothing."""

from __future__ import annotations

from typing import Final

import asyncpg
from prometheus_client import Gauge

from optima_kit.measuring import seldom
from optima_kit.metrics import MEASURED
from optima_kit.sql import load_queries

QUERIES = load_queries(__package__)

SHIPMENTS = Gauge("optima_shipments", "Shipments that are not ended, by state", ("state",), registry=MEASURED)
DDTS_ISSUED = Gauge(
    "optima_ddts_issued",
    "Transport documents ever issued, void ones included: the last numbers of all series together",
    registry=MEASURED,
)
DDT_SERIES = Gauge(
    "optima_ddt_series", "Series of transport documents, each year's for itself", registry=MEASURED
)
DDT_NUMBERS_MISSING = Gauge(
    "optima_ddt_numbers_missing",
    "Numbers that a series has given and that no transport document has; above 0, numbering has a gap",
    registry=MEASURED,
)
DDTS_VOIDED = Gauge(
    "optima_ddts_voided", "Transport documents that were voided, which keep their numbers", registry=MEASURED
)

STOCK_DEVIATIONS = Gauge(
    "optima_stock_deviations",
    "Places, held goods and totals of which the sum that is kept is not that of their ledger entries",
    registry=MEASURED,
)

_STATES = ("draft", "picked", "issued", "in_transit")


_DOCUMENTS_EVERY_SECONDS: Final = 300.0
"""Reading all documents takes some tenths of a second for a million of them."""


async def measure_documents(connection: asyncpg.Connection) -> None:
    """Set the gauges about document numbers, which needs all documents."""
    found = await connection.fetchrow(QUERIES.count_ddt_numbers.sql)
    assert found is not None
    DDT_SERIES.set(found["series"])
    DDT_NUMBERS_MISSING.set(found["missing"])
    DDTS_VOIDED.set(found["voided"])


_documents: Final = seldom(measure_documents, _DOCUMENTS_EVERY_SECONDS)

_LEDGER_EVERY_SECONDS: Final = 3600.0
"""Adding up the whole ledger takes a second or two for a million movements."""


async def measure_ledger(connection: asyncpg.Connection) -> None:
    """Set the gauge of deviations, which needs every movement."""
    STOCK_DEVIATIONS.set(await connection.fetchval(QUERIES.count_stock_deviations.sql))


_ledger: Final = seldom(measure_ledger, _LEDGER_EVERY_SECONDS)


async def measure(connection: asyncpg.Connection) -> None:
    """Set the gauges, as the backbone role."""
    counts = {
        row["state"]: row["count"] for row in await connection.fetch(QUERIES.count_shipments_under_way.sql)
    }
    for state in _STATES:
        SHIPMENTS.labels(state).set(counts.get(state, 0))
    DDTS_ISSUED.set(await connection.fetchval(QUERIES.count_ddts.sql))
    await _documents(connection)
    await _ledger(connection)
