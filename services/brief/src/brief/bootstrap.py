"""Builds the service from its adapters."""

from __future__ import annotations

from optima_kit.http import Routes
from optima_kit.service import Service
from optima_kit.settings import Settings

from .adapters.gauges import measure_briefs
from .adapters.http import routes
from .adapters.http_budgets import budget_routes
from .adapters.http_catalogue import catalogue_routes
from .adapters.http_proofs import proof_routes
from .adapters.http_purchases import purchase_routes
from .adapters.http_quotations import quotation_routes
from .adapters.http_templates import template_routes
from .adapters.http_types import type_routes
from .adapters.jobs import jobs
from .adapters.messages import reactions
from .adapters.postgres import ports_on
from .application.ports import Ports


def service(settings: Settings) -> Service[Ports]:
    endpoints = Routes()
    for each in (
        routes,
        quotation_routes,
        proof_routes,
        type_routes,
        budget_routes,
        purchase_routes,
        catalogue_routes,
        template_routes,
    ):
        endpoints.include(each)
    return Service(
        name="brief",
        package="brief",
        settings=settings,
        ports=ports_on,
        routes=endpoints,
        reactions=reactions,
        jobs=jobs,
        measure=measure_briefs,
    )
