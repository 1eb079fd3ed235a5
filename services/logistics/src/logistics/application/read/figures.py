"""Figures of the warehouse: deliveries on time and in full, days on the road, stock turn and idle stock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from optima_kit.fields import GROUPS, FiguresView, percent, period

from ...domain.ddt import TIME_ZONE
from ...domain.document_types import DocumentType
from ...domain.lookups import Carrier, Destination, Warehouse
from ..ports import DeliveryFigures, FoundLookups, Ports, StockFigures
from .lookups import named
from .views import (
    DeliveryFigureView,
    DeliveryGroupView,
    NamedCodeView,
    StockFigureView,
)

_DAY: Final = timedelta(days=1)
_YEAR: Final = 365

DeliveriesBy = Literal["month", "carrier", "destination", "document_type"]


async def delivery_figures(
    ports: Ports, by: DeliveriesBy, since: date | None, until: date | None
) -> FiguresView[DeliveryFigureView]:
    """Return figures of documents by their date. Both days belong to the period; without days it is the last
    90."""
    first, last, _ = await _period(ports, since, until)
    found = await ports.figures.deliveries(by, first, last, GROUPS)
    lookups = await ports.lookups.find_all(
        [
            (kind, code)
            for row in found
            for kind, code in (
                (Carrier, row.carrier),
                (Destination, row.destination),
                (Warehouse, row.destination),
                (DocumentType, row.document_type),
            )
            if code
        ]
    )
    return FiguresView(since=first, until=last, rows=[_delivery(row, lookups) for row in found])


async def stock_figures(ports: Ports, since: date | None, until: date | None) -> FiguresView[StockFigureView]:
    """Return figures of the present stock and of what left in the period."""
    first, last, zone = await _period(ports, since, until)
    found = await ports.figures.stock(
        datetime.combine(first, time.min, zone), datetime.combine(last + _DAY, time.min, zone), GROUPS
    )
    lookups = await ports.lookups.find_all([(Destination, row.owner) for row in found if row.owner])
    days = (last - first).days + 1
    return FiguresView(since=first, until=last, rows=[_stock(row, days, lookups) for row in found])


async def _period(ports: Ports, since: date | None, until: date | None) -> tuple[date, date, ZoneInfo]:
    sender, _ = await ports.lookups.find_with_sender([])
    zone = ZoneInfo(sender.time_zone if sender else TIME_ZONE)
    return *period(ports.now.astimezone(zone).date(), since, until), zone


def _delivery(row: DeliveryFigures, lookups: FoundLookups) -> DeliveryFigureView:
    def code(kind: type[Any], value: str | None) -> NamedCodeView | None:
        return named(lookups, kind, value) if value else None

    at = Destination if lookups.get(Destination, row.destination) else Warehouse
    return DeliveryFigureView(
        group=DeliveryGroupView(
            month=row.month,
            carrier=code(Carrier, row.carrier),
            destination=code(at, row.destination),
            document_type=code(DocumentType, row.document_type),
        ),
        documents=row.documents,
        voided=row.voided,
        refused=row.refused,
        delivered=row.delivered,
        promised=row.promised,
        on_time_percent=percent(row.on_time, row.promised),
        on_time_in_full_percent=percent(row.on_time_in_full, row.promised),
        days=row.days,
    )


def _stock(row: StockFigures, days: int, lookups: FoundLookups) -> StockFigureView:
    return StockFigureView(
        owner=named(lookups, Destination, row.owner) if row.owner else None,
        unit=row.unit,
        articles=row.articles,
        on_hand=row.on_hand,
        gone=row.gone,
        turns=row.gone * _YEAR / days / row.on_hand if row.on_hand > 0 else None,
        idle_articles=row.idle_articles,
        idle=row.idle,
    )
