"""Orders in PostgreSQL, and all ports of logistics on one unit of work. All statements are in queries.sql."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from optima_kit.db import UnitOfWork
from optima_kit.directory import Directory
from optima_kit.ids import new_id
from optima_kit.sql import load_queries

from ..application.ports import Ports
from ..domain.document_types import GoodsGoTo
from ..domain.orders import Order, OrderLine
from ..domain.places import Place
from ..domain.stock import Goods
from .despatch_advice import despatch_advice_if_complete
from .postgres_ddts import PostgresDdts, PostgresPackages
from .postgres_figures import PostgresFigures
from .postgres_lookups import PostgresArticles, PostgresLookups, PostgresSenders
from .postgres_shipments import PostgresShipments
from .postgres_stock import PostgresCounts, PostgresLedger

QUERIES = load_queries(__package__)

Row = Any


def ports(work: UnitOfWork) -> Ports:
    """Return all ports on one unit of work."""
    return Ports(
        orders=PostgresOrders(work),
        ledger=PostgresLedger(work),
        shipments=PostgresShipments(work),
        ddts=PostgresDdts(work),
        lookups=PostgresLookups(work),
        articles=PostgresArticles(work),
        counts=PostgresCounts(work),
        packages=PostgresPackages(work),
        figures=PostgresFigures(work),
        senders=PostgresSenders(work),
        directory=Directory(work),
        outbox=work.outbox,
        jobs=work.jobs,
        despatch_advice=despatch_advice_if_complete,
        now=work.now,
        new_id=new_id,
    )


class PostgresOrders:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_brief(self, brief_id: UUID) -> str | None:
        because: str | None = await self._work.fetchval(QUERIES.lock_brief, brief_id=brief_id)
        return because

    def update_brief_cancelled(self, brief_id: UUID, because: str | None) -> None:
        self._work.write(QUERIES.update_brief_cancelled, brief_id=brief_id, because=because)

    def insert_order(self, order: Order) -> None:
        lines = list(order.lines.values())
        deliveries = [(line.job_id, *delivery) for line in lines for delivery in line.deliveries.items()]
        self._work.write(
            QUERIES.insert_order,
            order_id=order.order_id,
            number=order.number,
            brief_id=order.brief_id,
            because=order.cancelled_because,
            deadline=order.deadline,
            job_ids=[line.job_id for line in lines],
            descriptions=[line.description for line in lines],
            quantities=[line.quantity for line in lines],
            units=[line.unit for line in lines],
            goods_codes=[line.code for line in lines],
            article_ids=[line.article_id for line in lines],
            delivered_jobs=[job_id for job_id, _, _ in deliveries],
            destinations=[destination for _, destination, _ in deliveries],
            parts=[quantity for _, _, quantity in deliveries],
        )

    async def find_order(self, order_id: UUID) -> Order | None:
        return await self._order(await self._work.fetchrow(QUERIES.find_order, order_id=order_id))

    async def lock_order(self, order_id: UUID, jobs: Collection[UUID] | None = None) -> Order | None:
        return await self._order(await self._work.fetchrow(QUERIES.lock_order, order_id=order_id), jobs)

    async def lock_order_of_job(self, job_id: UUID) -> Order | None:
        row = await self._work.fetchrow(QUERIES.lock_order_of_job, job_id=job_id)
        return await self._order(row, [job_id])

    async def lock_orders_of_jobs(self, jobs: Collection[UUID]) -> list[Order]:
        rows = await self._work.fetch(QUERIES.lock_orders_of_jobs, job_ids=list(jobs))
        return [order for row in rows if (order := await self._order(row, jobs))]

    async def find_article_of_line(self, job_id: UUID) -> UUID | None:
        article_id: UUID | None = await self._work.fetchval(QUERIES.find_article_of_line, job_id=job_id)
        return article_id

    async def lock_accounts_of_order(self, order_id: UUID) -> list[Order]:
        rows = await self._work.fetch(QUERIES.lock_accounts_of_order, order_id=order_id)
        return [account for row in rows if (account := await self._order(row, row["articles"])) is not None]

    async def list_free_stock(
        self, articles: Collection[UUID], today: date
    ) -> dict[tuple[str, UUID], Decimal]:
        rows = await self._work.fetch(QUERIES.list_free_stock, article_ids=list(articles), today=today)
        return {(row["warehouse"], row["job_id"]): row["free"] for row in rows}

    async def lock_account(self, kept_for: str, articles: Collection[UUID]) -> Order:
        row = await self._work.fetchrow(QUERIES.lock_account, kept_for=kept_for)
        account = await self._order(row, articles)
        assert account is not None, "an article is kept together with its account"
        return account

    async def lock_orders_of_brief(self, brief_id: UUID) -> list[Order]:
        rows = await self._work.fetch(QUERIES.lock_orders_of_brief, brief_id=brief_id)
        return [order for row in rows if (order := await self._order(row))]

    async def sum_goods(self, jobs: Collection[UUID]) -> Goods:
        on_hand: dict[Place, Decimal] = {}
        received: dict[UUID, Decimal] = {}
        counted: dict[UUID, Decimal] = {}
        reserved: dict[tuple[str, UUID], Decimal] = {}
        committed: dict[tuple[UUID, str], Decimal] = {}
        in_transit: dict[tuple[UUID, str], Decimal] = {}
        with_third_parties: dict[tuple[UUID, str], Decimal] = {}
        since: dict[UUID, datetime] = {}
        held: dict[Place, Decimal] = {}
        picked: dict[Place, Decimal] = {}
        expiry: dict[tuple[UUID, str], date] = {}
        for row in await self._work.fetch(QUERIES.sum_goods, job_ids=list(jobs)):
            job_id, warehouse, quantity = row["job_id"], row["warehouse"], row["quantity"]
            if row["place"] == "ever":
                received[job_id], counted[job_id] = row["part"], row["counted"]
                if row["since"] is not None:
                    since[job_id] = row["since"]
                continue
            if row["place"] in ("here", "picked"):
                place = Place(warehouse, job_id, row["location"], row["lot"])
                if row["place"] == "picked":
                    picked[place] = quantity
                    continue
                on_hand[place] = quantity
                if row["part"]:
                    held[place] = row["part"]
                if row["expires_on"] is not None:
                    expiry[job_id, row["lot"]] = row["expires_on"]
                continue
            there = job_id, row["destination"]
            _add(committed, there, row["part"])
            if row["place"] == "reserved":
                _add(reserved, (warehouse, job_id), quantity)
            elif row["place"] == "in_transit":
                _add(in_transit, there, quantity)
            elif row["place"] == GoodsGoTo.THIRD_PARTY:
                _add(with_third_parties, there, quantity)
        return Goods(
            on_hand,
            reserved,
            received,
            counted,
            committed,
            in_transit,
            with_third_parties,
            since,
            held,
            picked,
            expiry,
        )

    async def update_produced(self, order_id: UUID, job_id: UUID, quantity: Decimal) -> bool:
        found = await self._work.execute(
            QUERIES.update_produced, order_id=order_id, job_id=job_id, quantity=quantity
        )
        return found > 0

    async def update_finished(self, order_id: UUID, job_id: UUID, quantity: Decimal) -> bool:
        found = await self._work.execute(
            QUERIES.update_finished, order_id=order_id, job_id=job_id, quantity=quantity
        )
        return found > 0

    async def update_closed(self, order_id: UUID, job_id: UUID) -> bool:
        return await self._work.execute(QUERIES.update_closed, order_id=order_id, job_id=job_id) > 0

    def upsert_line_in_process(self, order_id: UUID, line: OrderLine) -> None:
        self._work.write(
            QUERIES.upsert_line_in_process,
            order_id=order_id,
            job_id=line.job_id,
            description=line.description,
            quantity=line.quantity,
            unit=line.unit,
            goods_code=line.code,
            closed=line.closed,
            finisher=line.finisher,
        )

    def insert_assignee(self, phase_id: UUID, since: datetime, person_id: UUID) -> None:
        self._work.write(QUERIES.insert_assignee, phase_id=phase_id, since=since, person_id=person_id)

    def update_order_terms(self, order: Order, jobs: Collection[UUID]) -> None:
        lines = [order.lines[job_id] for job_id in jobs]
        deliveries = [(line.job_id, *delivery) for line in lines for delivery in line.deliveries.items()]
        self._work.write(QUERIES.delete_deliveries, job_ids=list(jobs))
        self._work.write(
            QUERIES.update_order_terms,
            order_id=order.order_id,
            deadline=order.deadline,
            job_ids=[line.job_id for line in lines],
            quantities=[line.quantity for line in lines],
            delivered_jobs=[job_id for job_id, _, _ in deliveries],
            destinations=[destination for _, destination, _ in deliveries],
            parts=[quantity for _, _, quantity in deliveries],
        )

    def update_order_cancelled(self, order_id: UUID, because: str | None) -> None:
        self._work.write(QUERIES.update_order_cancelled, order_id=order_id, because=because)

    async def _order(self, row: Row | None, jobs: Collection[UUID] | None = None) -> Order | None:
        if row is None:
            return None
        order_id = row["order_id"]
        if jobs is None:
            lines = await self._work.fetch(QUERIES.list_order_lines, order_id=order_id)
        else:
            lines = await self._work.fetch(
                QUERIES.list_order_lines_named, order_id=order_id, job_ids=list(jobs)
            )
        return _order(row, lines)


def _order(row: Row, parts: Sequence[Row]) -> Order:
    """Build an order from rows, one for each line and destination."""
    lines: dict[UUID, OrderLine] = {}
    for part in parts:
        job_id = part["job_id"]
        line = lines.get(job_id) or OrderLine(
            job_id,
            part["description"],
            part["ordered"],
            part["unit"],
            {},
            produced=part["produced"],
            finished=part["finished"],
            closed=part["closed"],
            code=part["goods_code"],
            article_id=part["article_id"],
            finisher=part["finisher"],
            tracked=part["tracked"],
        )
        if part["ordered_for"] is not None:
            line = replace(line, deliveries={**line.deliveries, part["ordered_for"]: part["delivery"]})
        lines[job_id] = line
    return Order(
        row["order_id"], row["number"], row["brief_id"], lines, row["cancelled_because"], row["kept_for"]
    )


K = TypeVar("K")


def _add(sums: dict[K, Decimal], key: K, quantity: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + quantity
