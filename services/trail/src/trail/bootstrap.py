"""Wires the trail's adapters."""

from __future__ import annotations

from optima_kit.run import Service

from optima_kit.db import Transaction
from optima_kit.settings import Settings

from .adapters.http import routes
from .adapters.messages import reactions
from .adapters.postgres import PostgresTrail
from .application.ports import Ports


def ports(work: Transaction) -> Ports:
    trail = PostgresTrail(work)
    work.before_commit(trail.flush)
    return Ports(trail=trail, now=work.now)


def service(settings: Settings) -> Service[Ports]:
    return Service(name="trail", package="trail", routes=routes, reactions=reactions, ports=ports)
