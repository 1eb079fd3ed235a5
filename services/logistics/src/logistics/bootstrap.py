"""Assemble the logistics service."""

from __future__ import annotations

from optima_kit.service import Service
from optima_kit.settings import Settings

from .adapters.http import routes
from .adapters.jobs import jobs
from .adapters.messages import reactions
from .adapters.metrics import measure
from .adapters.postgres import ports
from .adapters.printer import Printer
from .application.ports import Ports


def service(settings: Settings) -> Service[Ports]:
    printer = Printer()
    return Service(
        name="logistics",
        package="logistics",
        settings=settings,
        ports=ports,
        routes=routes,
        reactions=reactions,
        jobs=jobs,
        resources=printer,
        close_resources=printer.close,
        measure=measure,
    )
