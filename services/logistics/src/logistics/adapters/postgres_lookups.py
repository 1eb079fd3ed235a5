"""What shipments name, in PostgreSQL: warehouses, destinations, carriers, document types, articles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Stale
from optima_kit.sql import load_queries

from ..application.ports import FoundLookups
from ..domain.articles import Article
from ..domain.ddt import Sender
from ..domain.lookups import Destination, Lookup
from ..domain.parties import Party
from .rows import LOOKUPS, built_in_lookups, found_lookups, read_lookup

QUERIES = load_queries(__package__)
L = TypeVar("L", bound=Lookup)

Row = Any

_PARTY = TypeAdapter(Party)
_ARTICLE = TypeAdapter(Article)


class PostgresLookups:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, kind: type[L], code: str) -> L | None:
        return (await self.find_all([(kind, code)])).get(kind, code)

    async def find_all(self, named: Sequence[tuple[type[Any], str]]) -> FoundLookups:
        rows = await self._work.fetch(
            QUERIES.list_lookups_named,
            kinds=[LOOKUPS[kind][0] for kind, _ in named],
            codes=[code for _, code in named],
        )
        return found_lookups(named, rows)

    async def find_with_sender(
        self, named: Sequence[tuple[type[Any], str]]
    ) -> tuple[Sender | None, FoundLookups]:
        rows = await self._work.fetch(
            QUERIES.list_lookups_with_sender,
            kinds=[LOOKUPS[kind][0] for kind, _ in named],
            codes=[code for _, code in named],
        )
        sender = None
        for row in rows:
            if row["time_zone"] is not None:
                sender = Sender(_PARTY.validate_python(row["content"]), row["time_zone"])
        return sender, found_lookups(named, rows)

    async def save(self, lookup: Lookup) -> None:
        name, adapter = LOOKUPS[type(lookup)]
        content = adapter.dump_python(lookup, mode="json", exclude={"version"})
        saved = await self._work.fetchval(
            QUERIES.upsert_lookup, kind=name, code=lookup.code, content=content, version=lookup.version
        )
        if saved is None:
            raise Stale("stale_version", field="If-Match")

    async def lock_destinations(self, after: str, limit: int) -> list[Destination]:
        rows = await self._work.fetch(QUERIES.lock_destinations, after=after, limit=limit)
        return [read_lookup(Destination, row) for row in rows]

    async def list_people(self, destination: str) -> list[UUID]:
        rows = await self._work.fetch(QUERIES.list_destination_people, destination=destination)
        return [row["person_id"] for row in rows]

    def insert_person(self, destination: str, person_id: UUID) -> None:
        self._work.write(QUERIES.insert_destination_person, destination=destination, person_id=person_id)

    def delete_person(self, destination: str, person_id: UUID) -> None:
        self._work.write(QUERIES.delete_destination_person, destination=destination, person_id=person_id)

    async def list_lookups(
        self, kind: type[L], text: str | None = None, *, after: str | None, limit: int
    ) -> list[L]:
        name, _ = LOOKUPS[kind]
        found: dict[str, L] = {
            code: lookup for code, lookup in built_in_lookups(kind).items() if after is None or code > after
        }
        rows = await self._work.fetch(QUERIES.list_lookups, kind=name, text=text, after=after, limit=limit)
        for row in rows:
            found[row["code"]] = read_lookup(kind, row)
        return [found[code] for code in sorted(found)][:limit]


class PostgresArticles:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_catalogue(self, account_id: UUID) -> None:
        await self._work.execute(QUERIES.lock_account_or_insert, order_id=account_id, kept_for="")

    async def find(self, code: str) -> Article | None:
        row = await self._work.fetchrow(QUERIES.find_article, code=code)
        return _article(row) if row else None

    async def find_by_barcode(self, barcode: str) -> Article | None:
        row = await self._work.fetchrow(QUERIES.find_article_by_barcode, barcode=barcode)
        return _article(row) if row else None

    async def find_all(self, codes: Collection[str], ids: Collection[UUID]) -> list[Article]:
        rows = await self._work.fetch(QUERIES.list_articles_named, codes=list(codes), article_ids=list(ids))
        return [_article(row) for row in rows]

    def insert_article(self, article: Article, *, account_id: UUID) -> None:
        self._work.write(
            QUERIES.insert_article,
            account_id=account_id,
            kept_for=article.kept_for,
            unit=article.unit,
            **_article_columns(article),
            code=article.code,
        )

    def update_article(self, article: Article) -> None:
        self._work.write(QUERIES.update_article, **_article_columns(article))

    async def list_articles(self, text: str | None, *, after: str | None, limit: int) -> list[Article]:
        rows = await self._work.fetch(QUERIES.list_articles, text=text, after=after, limit=limit)
        return [_article(row) for row in rows]


_IN_COLUMNS = {"article_id", "code", "barcode", "customer_code", "version"}


def _article_columns(article: Article) -> dict[str, Any]:
    return {
        "article_id": article.article_id,
        "description": article.description,
        "barcode": article.barcode,
        "customer_code": article.customer_code,
        "content": _ARTICLE.dump_python(article, mode="json", exclude=_IN_COLUMNS),
        "version": article.version,
    }


def _article(row: Row) -> Article:
    columns = {name: row[name] for name in _IN_COLUMNS}
    return _ARTICLE.validate_python({**row["content"], **columns})


class PostgresSenders:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def save(self, sender: Sender) -> None:
        identity = _PARTY.dump_python(sender.identity, mode="json")
        self._work.write(QUERIES.upsert_sender, identity=identity, time_zone=sender.time_zone)
