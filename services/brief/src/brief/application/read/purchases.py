"""Read purchases: figures, a table, and what an article cost when it was last bought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from optima_contracts.money import amount_of
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor
from optima_kit.fields import GROUPS, FiguresView, PersonView, period
from optima_kit.refusals import Invalid
from optima_kit.spreadsheets import csv_text

from ...domain.purchases import Article
from ...domain.quotations import QuotationRequest
from ...domain.rules import ROME, day_in_rome
from ..ports import Ports
from .access import require_spend, sees_spend
from .purchase_views import LastPaidView, SpendFigureView, SpendGroupView
from .views import UnitView

SpendBy = Literal["supplier", "unit", "category", "kind", "month"]

MOST: Final = 5_000
"""The most rows of one table."""
COLUMNS: Final = (
    "data",
    "brief",
    "unita",
    "fornitore",
    "categoria",
    "tipo",
    "descrizione",
    "quantita",
    "um",
    "prezzo_unitario",
    "importo",
    "primo_preventivo",
    "quota_budget",
)
_DAY: Final = timedelta(days=1)


async def spend_figures(
    ports: Ports, actor: Actor, by: SpendBy, since: date | None, until: date | None
) -> FiguresView[SpendFigureView]:
    """Return figures of what was approved from the day `since` to the day `until`, both included. Without
    these days, the figures are about the last 90 days."""
    require_spend(actor)
    first, last = period(day_in_rome(ports.now), since, until)
    found = await ports.purchases.list_spend(by, _begin(first), _begin(last + _DAY), GROUPS)
    names = await ports.directory.names(each for row in found for each in (row.supplier_id, row.unit_id))
    rows = [
        SpendFigureView(
            group=SpendGroupView(
                supplier=PersonView.of(row.supplier_id, names),
                unit=UnitView(id=row.unit_id, name=names.get(row.unit_id)) if row.unit_id else None,
                category=row.category,
                kind=row.kind,
                month=row.month,
            ),
            briefs=row.briefs,
            items=row.items,
            amount=row.amount,
            first_quotes=row.first_quotes,
            saved_on_first_quotes=row.saved_on_first_quotes,
            budget=row.budget,
            saved_on_budget=row.saved_on_budget,
        )
        for row in found
    ]
    return FiguresView(since=first, until=last, rows=rows)


async def table_of_purchases(
    ports: Ports, actor: Actor, since: date | None, until: date | None
) -> tuple[str, bytes]:
    """Return a file's name and its content: a table for a spreadsheet with one row per item. Raises Invalid
    if there are more than `MOST` rows."""
    require_spend(actor)
    first, last = period(day_in_rome(ports.now), since, until)
    found = await ports.purchases.list_purchases(_begin(first), _begin(last + _DAY), MOST + 1)
    if len(found) > MOST:
        raise Invalid("purchases_too_many", field="until", most=MOST)
    names = await ports.directory.names(each for row in found for each in (row.supplier_id, row.unit_id))
    rows = (
        (
            f"{day_in_rome(row.bought_at):%d/%m/%Y}",
            row.number,
            names.get(row.unit_id) if row.unit_id else None,
            names.get(row.supplier_id) if row.supplier_id else None,
            row.category,
            row.article.kind,
            row.article.description,
            _italian(quantity_text(row.quantity)),
            row.article.unit,
            _italian(f"{row.unit_price:.4f}"),
            _italian(f"{amount_of(row.quantity, row.unit_price):.2f}"),
            None if row.first_unit_price is None else _italian(f"{row.first_unit_price:.4f}"),
            None if row.budget_part is None else _italian(f"{row.budget_part:.2f}"),
        )
        for row in found
    )
    return f"Acquisti {first} {last}.csv", csv_text([COLUMNS, *rows]).encode("utf-8-sig")


async def last_paid_of(ports: Ports, actor: Actor, request: QuotationRequest) -> list[LastPaidView] | None:
    """Return what each item's article cost when it was last bought for any brief, or None if the actor may
    not see all briefs and their prices."""
    if not sees_spend(actor):
        return None
    return await last_paid_for(
        ports, {item.item_id: item.article for item in request.items}, request.brief_id
    )


async def last_paid_for(
    ports: Ports, articles: Mapping[UUID, Article], without_brief: UUID
) -> list[LastPaidView]:
    """Return what each item's article cost when it was last bought for a brief other than `without_brief`."""
    if not articles:
        return []
    found = await ports.purchases.list_last_paid(sorted(set(articles.values())), without_brief)
    names = await ports.directory.names(each.supplier_id for each in found.values())
    return [
        LastPaidView(
            item_id=item_id,
            unit_price=paid.unit_price,
            bought_on=day_in_rome(paid.bought_at),
            quantity=Decimal(quantity_text(paid.quantity)),
            unit=paid.article.unit,
            description=None if paid.article == article else paid.article.description,
            brief_id=paid.brief_id,
            number=paid.number,
            supplier=PersonView.of(paid.supplier_id, names),
        )
        for item_id, article in articles.items()
        if (paid := found.get(article)) is not None
    ]


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, ROME)


def _italian(number: str) -> str:
    return number.replace(".", ",")
