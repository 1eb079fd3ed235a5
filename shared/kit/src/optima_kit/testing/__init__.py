"""A pytest plugin: runs services in this process on real databases and brokers, and offers probes with
deadlines.

OPTIMA_TEST_POSTGRES_URL (with a superuser) and OPTIMA_TEST_AMQP_URL name the servers, which `./optima test`
starts. Without them, tests are skipped on a laptop and fail in CI.
"""

from ..clock import FixedClock
from .databases import (
    ServiceDatabase,
    amqp_url,
    database_for,
    pytest_sessionfinish,
    settings_for,
    temporary_database,
)
from .harness import ServiceHarness
from .people import ISSUER, Client, People
from .probes import eventually, round_trips

__all__ = [
    "ISSUER",
    "Client",
    "FixedClock",
    "People",
    "ServiceDatabase",
    "ServiceHarness",
    "amqp_url",
    "database_for",
    "eventually",
    "pytest_sessionfinish",
    "round_trips",
    "settings_for",
    "temporary_database",
]
