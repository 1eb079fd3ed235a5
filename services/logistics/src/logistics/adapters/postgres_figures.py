"""Figures of stock and deliveries in PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    DeliveryFigures,
    StockFigures,
)

QUERIES = load_queries(__package__)


class PostgresFigures:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def deliveries(self, by: str, since: date, until: date, limit: int) -> list[DeliveryFigures]:
        rows = await self._work.fetch(
            QUERIES.list_delivery_figures, by=by, since=since, until=until, limit=limit
        )
        return [DeliveryFigures(**row) for row in rows]

    async def stock(self, since: datetime, until: datetime, limit: int) -> list[StockFigures]:
        rows = await self._work.fetch(QUERIES.list_stock_figures, since=since, until=until, limit=limit)
        return [StockFigures(**row) for row in rows]
