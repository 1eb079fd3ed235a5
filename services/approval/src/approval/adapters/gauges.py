"""Business metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import Gauge

from optima_kit.metrics import MEASURED
from optima_kit.postgres import Connection

from .postgres_approvals import QUERIES

OPEN: Final = Gauge("optima_approvals_open", "Approvals under way, of all tenants", registry=MEASURED)
OVERDUE: Final = Gauge(
    "optima_approval_parts_overdue",
    "Decisions that people owe past their due time, of all tenants",
    registry=MEASURED,
)
WAITING: Final = Gauge(
    "optima_approval_parts_waiting", "Decisions that people owe, of all tenants", registry=MEASURED
)


async def measure_approvals(connection: Connection) -> None:
    """Set the gauges. The connection has the backbone role, which sees only states and due times."""
    row = await connection.fetchrow(QUERIES.count_waiting.sql)
    assert row is not None
    OPEN.set(row["open"])
    WAITING.set(row["waiting"])
    OVERDUE.set(row["overdue"])
