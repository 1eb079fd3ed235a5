"""Business metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import Gauge

from optima_kit.metrics import MEASURED
from optima_kit.postgres import Connection

from ..domain.lifecycle import OVER, State
from .postgres import QUERIES

BRIEFS: Final = Gauge(
    "optima_briefs", "Briefs under way by state, of all tenants", ("state",), registry=MEASURED
)

UNDER_WAY: Final = [state for state in State if state not in OVER and state is not State.CHANGES_REQUESTED]


async def measure_briefs(connection: Connection) -> None:
    """Set the gauge. The connection has the backbone role, which sees a brief's state and nothing else of
    it."""
    counted = {row["state"]: row["briefs"] for row in await connection.fetch(QUERIES.count_by_state.sql)}
    for state in UNDER_WAY:
        BRIEFS.labels(state.value).set(counted.get(state.value, 0))
