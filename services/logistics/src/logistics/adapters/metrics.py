"""What logistics counts, over all tenants. Read from the database, so that a restart loses nothing."""

from __future__ import annotations

import asyncpg
from prometheus_client import Gauge

from optima_kit.metrics import MEASURED
from optima_kit.sql import load_queries

QUERIES = load_queries(__package__)

SHIPMENTS = Gauge("optima_shipments", "Shipments that are not ended, by state", ("state",), registry=MEASURED)
DDTS_ISSUED = Gauge(
    "optima_ddts_issued", "Transport documents ever issued, void ones included", registry=MEASURED
)

_STATES = ("draft", "picked", "issued", "in_transit")


async def measure(connection: asyncpg.Connection) -> None:
    """Sets the gauges, as the backbone role."""
    counts = {
        row["state"]: row["count"] for row in await connection.fetch(QUERIES.count_shipments_under_way.sql)
    }
    for state in _STATES:
        SHIPMENTS.labels(state).set(counts.get(state, 0))
    DDTS_ISSUED.set(await connection.fetchval(QUERIES.count_ddts.sql))
