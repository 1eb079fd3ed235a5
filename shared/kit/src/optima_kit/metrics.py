"""The metrics of every service. Labels are bounded: never an id, never a tenant's free text."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

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
REFUSALS = Counter("optima_refusals_total", "Refused requests by code", ("code",), registry=REGISTRY)


def exposition() -> bytes:
    """Everything, in Prometheus's text format."""
    return generate_latest(REGISTRY)
