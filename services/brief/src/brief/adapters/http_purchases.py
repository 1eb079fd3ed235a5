"""Endpoints for purchases, for people who may see all briefs and their prices."""

from __future__ import annotations

from optima_kit.fields import FiguresView, PeriodQuery
from optima_kit.http import Call, Content, Routes

from ..application.ports import Ports
from ..application.read import purchases
from ..application.read.purchase_views import SpendFigureView
from .requests import SpendQuery

purchase_routes = Routes()


@purchase_routes.get("/v1/figures/spend", privilege="brief.price.read")
async def get_spend(call: Call[Ports], query: SpendQuery) -> FiguresView[SpendFigureView]:
    """Read what was spent in a period, by supplier, unit, category, kind of item or month

    The figures are about briefs that were approved with prices in the period and not cancelled. Needs
    `brief.read_all` as well."""
    return await purchases.spend_figures(call.ports, call.actor, query.by, query.since, query.until)


@purchase_routes.get("/v1/figures/spend.csv", privilege="brief.price.read")
async def export_spend(call: Call[Ports], query: PeriodQuery) -> Content:
    """Export what was spent in a period as a table for a spreadsheet, with one row per item

    Needs `brief.read_all` as well."""
    name, table = await purchases.table_of_purchases(call.ports, call.actor, query.since, query.until)
    return Content(table, "text/csv", name)
