"""Suppliers' catalogue prices, in PostgreSQL. Implements `application.ports.Catalogue` on one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..domain.catalogue import CataloguePrice
from ..domain.purchases import Article
from ..domain.quotations import PriceBreak
from .postgres_quotations import QUOTING

QUERIES = load_queries(__package__ or "brief.adapters")


class PostgresCatalogue:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_price(self, price: CataloguePrice) -> None:
        self._work.write(
            QUERIES.insert_catalogue_price,
            price_id=price.price_id,
            supplier_id=price.supplier_id,
            kind=price.kind,
            description=price.description,
            unit=price.unit,
            breaks=_breaks(price),
            lead_time_days=price.lead_time_days,
            valid_from=price.valid_from,
            valid_until=price.valid_until,
            kept_at=price.kept_at,
            kept_by=price.kept_by,
            version=price.version,
        )

    def update_price(self, price: CataloguePrice) -> None:
        self._work.write(
            QUERIES.update_catalogue_price,
            price_id=price.price_id,
            breaks=_breaks(price),
            lead_time_days=price.lead_time_days,
            valid_from=price.valid_from,
            valid_until=price.valid_until,
            kept_at=price.kept_at,
            kept_by=price.kept_by,
            version=price.version,
        )

    async def find_price(self, price_id: UUID) -> CataloguePrice | None:
        row = await self._work.fetchrow(QUERIES.find_catalogue_price, price_id=price_id)
        return _price(row) if row else None

    async def lock_price(self, price_id: UUID) -> CataloguePrice | None:
        row = await self._work.fetchrow(QUERIES.lock_catalogue_price, price_id=price_id)
        return _price(row) if row else None

    async def list_prices(
        self, supplier_id: UUID | None, kind: str | None, day: date | None, before: UUID | None, limit: int
    ) -> list[CataloguePrice]:
        rows = await self._work.fetch(
            QUERIES.list_catalogue_prices,
            supplier_id=supplier_id,
            kind=kind,
            day=day,
            before=before,
            limit=limit,
        )
        return [_price(row) for row in rows]

    async def list_valid(self, articles: Sequence[Article], day: date) -> list[CataloguePrice]:
        rows = await self._work.fetch(
            QUERIES.list_valid_catalogue_prices,
            kinds=[each.kind for each in articles],
            descriptions=[each.description for each in articles],
            units=[each.unit for each in articles],
            day=day,
            built_in_roles=QUOTING,
        )
        return [_price(row) for row in rows]


def _breaks(price: CataloguePrice) -> list[dict[str, str]]:
    return [each.model_dump(mode="json") for each in price.breaks]


def _price(row: asyncpg.Record) -> CataloguePrice:
    breaks = tuple(PriceBreak.model_validate(each) for each in row["breaks"])
    return CataloguePrice(**{**row, "breaks": breaks})
