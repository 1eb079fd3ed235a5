"""Wires the trail's adapters."""

from __future__ import annotations

from optima_kit.db import Transaction
from optima_kit.http import Routes
from optima_kit.service import Service

from .adapters.feed import Resources, feed_routes
from .adapters.http import routes
from .adapters.messages import reactions
from .adapters.postgres import PostgresTrail
from .application.ports import Ports
from .settings import TrailSettings


def service(settings: TrailSettings) -> Service[Ports]:
    def ports(work: Transaction) -> Ports:
        return Ports(trail=work.gathering(PostgresTrail), now=work.now)

    endpoints = Routes()
    endpoints.include(routes)
    endpoints.include(feed_routes)
    return Service(
        name="trail",
        package="trail",
        settings=settings,
        ports=ports,
        routes=endpoints,
        reactions=reactions,
        resources=Resources(ports),
    )
