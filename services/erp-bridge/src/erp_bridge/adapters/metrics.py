"""Metrics of the exchange's lag and of failures that wait for a person."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
from prometheus_client import Counter, Gauge, Histogram

from optima_kit.metrics import MEASURED, REGISTRY

from ..domain.entities import ENTITIES, Entity
from ..domain.failure import CONNECTION
from .postgres import QUERIES

SYNC_LAG = Gauge(
    "optima_erp_sync_lag_seconds",
    "Of the connection that is furthest behind: age of the oldest document that its ERP lacks (out),"
    " time since it was last looked for what came in (in)",
    ("connector", "direction"),
    registry=MEASURED,
)
FAILURES_WAITING = Gauge(
    "optima_erp_failures_waiting", "Records that wait for a person", ("entity",), registry=MEASURED
)
EXPORT_SECONDS = Histogram(
    "optima_erp_export_seconds",
    "From a document's change to its arrival in the ERP",
    ("connector", "entity"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
    registry=REGISTRY,
)
RECORDS_REFUSED = Counter(
    "optima_erp_records_refused_total",
    "Records given to a person",
    ("connector", "entity"),
    registry=REGISTRY,
)


class CountedExchange:
    """Implements `ports.ExchangeCounters`."""

    def exported(self, connector: str, entity: Entity, lag: timedelta) -> None:
        EXPORT_SECONDS.labels(connector, entity).observe(lag.total_seconds())

    def refused(self, connector: str, entity: Entity) -> None:
        RECORDS_REFUSED.labels(connector, entity).inc()


async def measure(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Set the gauges. The database connection may read counts over all tenants and nothing else."""
    SYNC_LAG.clear()  # a connector may no longer have any connection
    for row in await connection.fetch(QUERIES.measure_lag.sql):
        SYNC_LAG.labels(row["connector"], "in").set(row["import_lag"] or 0)
        SYNC_LAG.labels(row["connector"], "out").set(row["export_lag"] or 0)
    waiting = {row["entity"]: row["waiting"] for row in await connection.fetch(QUERIES.measure_failures.sql)}
    for entity in (*ENTITIES, CONNECTION):
        FAILURES_WAITING.labels(entity).set(waiting.get(entity, 0))
