"""Endpoints of figures."""

from __future__ import annotations

from optima_kit.fields import FiguresView, PeriodQuery
from optima_kit.http import Call, Routes

from ..application.ports import Ports
from ..application.read import figures, shipments
from ..application.read.views import DeliveryFigureView, ShipmentsUnderWayView, StockFigureView
from .requests import DeliveryFiguresQuery

routes = Routes()


@routes.get("/v1/figures/deliveries", privilege="shipment.read")
async def get_delivery_figures(
    call: Call[Ports], query: DeliveryFiguresQuery
) -> FiguresView[DeliveryFigureView]:
    """Measure deliveries: DDTs issued, on time and in full, days on the road

    Figures are grouped by month, carrier, destination or document type. On time means by the deadline of the
    order; in full means that nothing was refused or came back.
    """
    return await figures.delivery_figures(call.ports, query.by, query.since, query.until)


@routes.get("/v1/figures/shipments", privilege="shipment.read")
async def get_shipment_figures(call: Call[Ports]) -> ShipmentsUnderWayView:
    """Count the shipments under way by state, and those of them that are late"""
    return await shipments.count_under_way(call.ports)


@routes.get("/v1/figures/stock", privilege="stock.read")
async def get_stock_figures(call: Call[Ports], query: PeriodQuery) -> FiguresView[StockFigureView]:
    """Measure the stock of articles: how fast it turns and what of it is idle, by owner and unit"""
    return await figures.stock_figures(call.ports, query.since, query.until)
