"""Purchases in PostgreSQL. Implements `application.ports.Purchases` on one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import PurchaseRow, Spend
from ..domain.brief import Brief
from ..domain.purchases import Article, LastPaid, Purchase

QUERIES = load_queries(__package__ or "brief.adapters")


class PostgresPurchases:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_purchases(self, brief: Brief, purchases: Sequence[Purchase], at: datetime) -> None:
        assert brief.submitted is not None
        self._work.write(
            QUERIES.insert_purchases,
            brief_id=brief.brief_id,
            bought_at=at,
            unit_id=brief.unit_id,
            category=brief.submitted.content.category or "",
            item_ids=[each.item_id for each in purchases],
            kinds=[each.article.kind for each in purchases],
            descriptions=[each.article.description for each in purchases],
            units=[each.article.unit for each in purchases],
            quantities=[each.quantity for each in purchases],
            unit_prices=[each.unit_price for each in purchases],
            supplier_ids=[each.supplier_id for each in purchases],
            budget_parts=[each.budget_part for each in purchases],
        )

    async def list_last_paid(
        self, articles: Sequence[Article], without_brief: UUID
    ) -> dict[Article, LastPaid]:
        rows = await self._work.fetch(
            QUERIES.list_last_paid,
            kinds=[each.kind for each in articles],
            descriptions=[each.description for each in articles],
            units=[each.unit for each in articles],
            without_brief=without_brief,
        )
        return {articles[row["place"] - 1]: _last_paid(row) for row in rows}

    async def list_spend(self, by: str, since: datetime, until: datetime, limit: int) -> list[Spend]:
        rows = await self._work.fetch(QUERIES.list_spend, by=by, since=since, until=until, limit=limit)
        return [Spend(**dict(row)) for row in rows]

    async def list_purchases(self, since: datetime, until: datetime, limit: int) -> list[PurchaseRow]:
        rows = await self._work.fetch(QUERIES.list_purchases, since=since, until=until, limit=limit)
        return [PurchaseRow(article=_article(row), **_rest(row)) for row in rows]


def _article(row: asyncpg.Record) -> Article:
    return Article(row["kind"], row["description"], row["unit"])


def _rest(row: asyncpg.Record) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("kind", "description", "unit")}


def _last_paid(row: asyncpg.Record) -> LastPaid:
    return LastPaid(
        unit_price=row["unit_price"],
        bought_at=row["bought_at"],
        article=_article(row),
        quantity=row["quantity"],
        brief_id=row["brief_id"],
        number=row["number"],
        supplier_id=row["supplier_id"],
    )
