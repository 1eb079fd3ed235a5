"""Business gauges over all tenants."""

from __future__ import annotations

from typing import Final

from prometheus_client import Gauge

from optima_kit.metrics import MEASURED
from optima_kit.postgres import Connection

from ..domain.machine import OrderState
from .postgres import QUERIES

OPEN_ORDERS: Final = Gauge("optima_production_orders", "Open orders by state", ("state",), registry=MEASURED)
LATE_PHASES: Final = Gauge(
    "optima_production_phases_late", "Phases not over though the order's deadline is past", registry=MEASURED
)


async def measure(connection: Connection) -> None:
    """Count the orders that are neither delivered nor cancelled, and the late phases."""
    counts = {row["state"]: row["orders"] for row in await connection.fetch(QUERIES.count_open_orders.sql)}
    for state in OrderState:
        if state not in (OrderState.DELIVERED, OrderState.CANCELLED):
            OPEN_ORDERS.labels(state.value).set(counts.get(state.value, 0))
    LATE_PHASES.set(await connection.fetchval(QUERIES.count_late_phases.sql))
