"""Copies of what other services own, in PostgreSQL: articles, destinations, customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    Article,
    Customer,
)

QUERIES: Final = load_queries(__package__)


class PostgresArticles:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def upsert_article(self, article: Article) -> None:
        self._work.write(
            QUERIES.upsert_article,
            id=article.id,
            code=article.code,
            description=article.description,
            unit=article.unit,
        )

    async def list_named(self, codes: Sequence[str]) -> dict[str, Article]:
        rows = await self._work.fetch(QUERIES.list_articles_named, codes=codes)
        return {row["code"]: Article(**dict(row)) for row in rows}


class PostgresDestinations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def upsert_destination(self, code: str, *, name: str, city: str) -> None:
        self._work.write(QUERIES.upsert_destination, code=code, name=name, city=city)

    async def names(self, codes: Iterable[str]) -> Mapping[str, str]:
        wanted = sorted(set(codes))
        rows = await self._work.fetch(QUERIES.list_destinations_named, codes=wanted) if wanted else ()
        return {row["code"]: f"{row['name']}, {row['city']}" for row in rows}


class PostgresCustomers:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def upsert_customer(self, customer: Customer) -> None:
        self._work.write(QUERIES.delete_customer_by_former_code, id=customer.id, code=customer.code)
        self._work.write(
            QUERIES.upsert_customer,
            id=customer.id,
            code=customer.code,
            legal=customer.legal,
            payment_method=customer.payment_method,
            payment_terms=customer.payment_terms,
            connection=customer.connection,
        )

    async def find_customer(self, code: str) -> Customer | None:
        row = await self._work.fetchrow(QUERIES.find_customer, code=code)
        return Customer(**dict(row)) if row else None

    async def list_customers(self, after: str | None, limit: int) -> list[Customer]:
        rows = await self._work.fetch(QUERIES.list_customers, after=after or "", limit=limit)
        return [Customer(**dict(row)) for row in rows]
