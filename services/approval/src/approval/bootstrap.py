"""Puts the service together."""

from __future__ import annotations

from optima_kit.service import Service
from optima_kit.settings import Settings

from .adapters.http import routes
from .adapters.jobs import jobs
from .adapters.messages import reactions
from .adapters.postgres import Store
from .application.ports import Ports


def service(settings: Settings) -> Service[Ports]:
    return Service(
        name="approval",
        package="approval",
        settings=settings,
        ports=Store().ports,
        routes=routes,
        reactions=reactions,
        jobs=jobs,
    )
