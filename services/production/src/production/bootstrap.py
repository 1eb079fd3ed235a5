"""Assemble the production service."""

from __future__ import annotations

from optima_kit.db import UnitOfWork
from optima_kit.directory import Directory
from optima_kit.service import Service
from optima_kit.settings import Settings

from .adapters.figures import measure
from .adapters.http import routes
from .adapters.messages import reactions
from .adapters.postgres import PostgresOrders
from .adapters.postgres_copies import PostgresArticles, PostgresCustomers, PostgresDestinations
from .adapters.postgres_kinds import PostgresKinds
from .adapters.postgres_messages import PostgresMessages
from .adapters.postgres_prices import PostgresPrices
from .adapters.postgres_reading import PostgresReading
from .adapters.working_days import is_working_day
from .application.ports import Ports


def ports(work: UnitOfWork) -> Ports:
    """Return all ports on one unit of work."""
    return Ports(
        kinds=PostgresKinds(work),
        orders=PostgresOrders(work),
        prices=PostgresPrices(work),
        articles=PostgresArticles(work),
        destinations=PostgresDestinations(work),
        messages=PostgresMessages(work),
        directory=Directory(work),
        customers=PostgresCustomers(work),
        reading=PostgresReading(work),
        outbox=work.outbox,
        is_working_day=is_working_day,
        now=work.now,
    )


def service(settings: Settings) -> Service[Ports]:
    return Service(
        name="production",
        package="production",
        settings=settings,
        ports=ports,
        routes=routes,
        reactions=reactions,
        measure=measure,
    )
