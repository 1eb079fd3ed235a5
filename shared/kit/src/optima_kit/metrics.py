"""The metrics of every service. Labels have few values: never an id, and never a tenant's free text."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


class MeasuredRegistry(CollectorRegistry):
    """Gauges that are measured on a timer, and exposed only if they were measured recently."""

    _until = 0.0

    def show(self, seconds: float) -> None:
        """Note that all gauges were just measured and are to be exposed for this many seconds."""
        self._until = time.monotonic() + seconds

    def forget(self) -> None:
        """Stop exposing the gauges, as this process no longer measures."""
        self._until = 0.0

    def collect(self) -> Iterable[Metric]:
        return super().collect() if time.monotonic() < self._until else ()


MEASURED = MeasuredRegistry()
"""The gauges of the service as a whole. `measuring` sets them in one of its processes."""
REGISTRY.register(MEASURED)

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

HTTP_SECONDS = Histogram(
    "optima_http_request_seconds",
    "Time to answer a request, commit included",
    ("method", "route", "status"),
    buckets=_FAST,
    registry=REGISTRY,
)
POOL_SIZE = Gauge("optima_db_pool_size", "Open database connections", registry=REGISTRY)
POOL_IDLE = Gauge("optima_db_pool_idle", "Idle database connections", registry=REGISTRY)
POOL_WAIT_SECONDS = Histogram(
    "optima_db_pool_wait_seconds", "Time to get a database connection", buckets=_FAST, registry=REGISTRY
)
LOOP_LAG_SECONDS = Histogram(
    "optima_event_loop_lag_seconds",
    "How late the event loop gets to what is due: its saturation",
    buckets=_FAST,
    registry=REGISTRY,
)
REFUSALS = Counter("optima_refusals_total", "Refused requests by code", ("code",), registry=REGISTRY)
BUILD = Info("optima_build", "The release that runs", registry=REGISTRY)
