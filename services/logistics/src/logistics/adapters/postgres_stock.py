"""Stock in PostgreSQL: the ledger of movements, and counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    CountRow,
    FoundLookups,
    HoldRow,
    LocationRow,
    MovementFilter,
    MovementRow,
    PlacedStock,
    ReceiptRow,
    StockFilter,
    StockRow,
)
from ..domain.counts import Count, CountLine, CountState
from ..domain.holds import Hold, HoldKind
from ..domain.lookups import Destination, Warehouse
from ..domain.places import Lot
from ..domain.stock import Kind, Movement, SupplierReceipt
from .rows import PICKS, found_lookups, stored_goods

QUERIES = load_queries(__package__)

Row = Any

_COUNTED = TypeAdapter(tuple[CountLine, ...])
_PLACED = TypeAdapter(list[PlacedStock])


class PostgresLedger:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_movements(self, movements: Sequence[Movement], *, gone: Collection[UUID] = ()) -> None:
        self._work.write(
            QUERIES.insert_movements,
            movement_ids=[movement.movement_id for movement in movements],
            warehouses=[movement.warehouse for movement in movements],
            job_ids=[movement.job_id for movement in movements],
            kinds=[movement.kind.value for movement in movements],
            quantities=[movement.quantity for movement in movements],
            shipment_ids=[movement.shipment_id for movement in movements],
            reasons=[movement.reason for movement in movements],
            receipt_ids=[movement.receipt_id for movement in movements],
            count_ids=[movement.count_id for movement in movements],
            locations=[movement.location for movement in movements],
            lots=[movement.lot for movement in movements],
            recorded_at=self._work.now,
            recorded_by=self._work.cause.actor_id,
            gone=list(gone),
        )

    async def insert_receipt(self, receipt: SupplierReceipt) -> bool:
        inserted = await self._work.fetchval(
            QUERIES.insert_receipt,
            receipt_id=receipt.receipt_id,
            supplier=receipt.supplier,
            number=receipt.number,
            date=receipt.date,
            warehouse=receipt.warehouse,
            recorded_at=self._work.now,
            recorded_by=self._work.cause.actor_id,
        )
        return inserted is not None

    async def list_receipts(
        self, supplier: str | None, number: str | None, *, before: UUID | None, limit: int
    ) -> list[ReceiptRow]:
        rows = await self._work.fetch(
            QUERIES.list_receipts, supplier=supplier, number=number, before=before, limit=limit
        )
        return [
            ReceiptRow(
                SupplierReceipt(
                    row["receipt_id"], row["supplier"], row["number"], row["date"], row["warehouse"]
                ),
                PICKS.validate_python(row["lines"]),
                stored_goods(row["lines"]),
                row["recorded_at"],
                row["recorded_by"],
                found_lookups(
                    [(Warehouse, row["warehouse"]), (Destination, row["supplier"])],
                    row["lookups"] or [],
                ),
            )
            for row in rows
        ]

    async def list_stock(
        self, filters: StockFilter, *, before: tuple[UUID, str] | None, limit: int
    ) -> list[StockRow]:
        job_id, warehouse = before or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_stock,
            **asdict(filters),
            before_job_id=job_id,
            before_warehouse=warehouse,
            limit=limit,
        )
        return [
            StockRow(
                row["warehouse"],
                row["job_id"],
                row["order_id"],
                row["order_number"],
                row["article_code"],
                row["description"],
                row["unit"],
                row["on_hand"],
                row["reserved"],
                row["held"],
                _PLACED.validate_python(row["places"] or []),
                _warehouse(row),
            )
            for row in rows
        ]

    async def save_lots(self, lots: Sequence[Lot]) -> list[Lot]:
        rows = await self._work.fetch(
            QUERIES.upsert_lots,
            article_ids=[each.article_id for each in lots],
            lots=[each.lot for each in lots],
            expire_on=[each.expires_on for each in lots],
        )
        return [Lot(row["article_id"], row["lot"], row["expires_on"]) for row in rows]

    def insert_locations(self, warehouse: str, codes: Sequence[str]) -> None:
        self._work.write(QUERIES.insert_locations, warehouse=warehouse, codes=list(codes))

    async def list_locations_named(self, warehouse: str, codes: Collection[str]) -> list[LocationRow]:
        rows = await self._work.fetch(QUERIES.list_locations_named, warehouse=warehouse, codes=list(codes))
        return [LocationRow(**row) for row in rows]

    async def lock_location(self, warehouse: str, code: str) -> LocationRow | None:
        if await self._work.fetchval(QUERIES.lock_location, warehouse=warehouse, code=code) is None:
            return None
        (row,) = await self.list_locations_named(warehouse, [code])
        return row

    def delete_location(self, warehouse: str, code: str) -> None:
        self._work.write(QUERIES.delete_location, warehouse=warehouse, code=code)

    async def lock_put_away(self, warehouse: str) -> str:
        location: str | None = await self._work.fetchval(QUERIES.lock_put_away, warehouse=warehouse)
        return location or ""

    def save_put_away(self, warehouse: str, location: str) -> None:
        if location:
            self._work.write(QUERIES.upsert_put_away, warehouse=warehouse, location=location)
        else:
            self._work.write(QUERIES.delete_put_away, warehouse=warehouse)

    async def list_locations(
        self, warehouse: str | None, *, after: tuple[str, str] | None, limit: int
    ) -> list[LocationRow]:
        after_warehouse, after_code = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_locations,
            warehouse=warehouse,
            after_warehouse=after_warehouse,
            after_code=after_code,
            limit=limit,
        )
        return [LocationRow(**row) for row in rows]

    async def lock_locations(self, warehouse: str, codes: Collection[str]) -> set[str]:
        rows = await self._work.fetch(QUERIES.lock_locations, warehouse=warehouse, codes=list(codes))
        return {row["code"] for row in rows}

    def insert_holds(self, holds: Sequence[Hold]) -> None:
        self._work.write(
            QUERIES.insert_holds,
            hold_ids=[entry.hold_id for entry in holds],
            warehouses=[entry.warehouse for entry in holds],
            job_ids=[entry.job_id for entry in holds],
            kinds=[entry.kind.value for entry in holds],
            quantities=[entry.quantity for entry in holds],
            reasons=[entry.reason for entry in holds],
            locations=[entry.location for entry in holds],
            lots=[entry.lot for entry in holds],
            recorded_at=self._work.now,
            recorded_by=self._work.cause.actor_id,
        )

    async def list_holds(
        self, warehouse: str | None, job_id: UUID | None, *, before: UUID | None, limit: int
    ) -> list[HoldRow]:
        rows = await self._work.fetch(
            QUERIES.list_holds, warehouse=warehouse, job_id=job_id, before=before, limit=limit
        )
        return [
            HoldRow(
                Hold(
                    row["hold_id"],
                    row["warehouse"],
                    row["job_id"],
                    HoldKind(row["kind"]),
                    row["quantity"],
                    row["reason"],
                    row["location"],
                    row["lot"],
                ),
                row["unit"],
                row["recorded_at"],
                row["recorded_by"],
                _warehouse(row),
            )
            for row in rows
        ]

    async def list_movements(
        self, filters: MovementFilter, *, before: UUID | None, limit: int
    ) -> list[MovementRow]:
        rows = await self._work.fetch(QUERIES.list_movements, **asdict(filters), before=before, limit=limit)
        return [
            MovementRow(
                Movement(
                    row["movement_id"],
                    row["warehouse"],
                    row["job_id"],
                    Kind(row["kind"]),
                    row["quantity"],
                    row["shipment_id"],
                    row["reason"],
                    row["receipt_id"],
                    row["count_id"],
                    row["location"],
                    row["lot"],
                ),
                row["unit"],
                row["recorded_at"],
                row["recorded_by"],
                _warehouse(row),
            )
            for row in rows
        ]


def _warehouse(row: Row) -> FoundLookups:
    found = [row["lookup"]] if row["lookup"] else []
    return found_lookups([(Warehouse, row["warehouse"])], found)


class PostgresCounts:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def insert_count(self, count: Count) -> bool:
        inserted = await self._work.fetchval(
            QUERIES.insert_count,
            count_id=count.count_id,
            warehouse=count.warehouse,
            state=count.state.value,
            opened_at=self._work.now,
            opened_by=self._work.cause.actor_id,
            version=count.version,
        )
        return inserted is not None

    async def lock_count(self, count_id: UUID) -> CountRow | None:
        # Lock the count first, so that it is read as the last change left it.
        locked = await self._work.fetchval(QUERIES.lock_count, count_id=count_id)
        return await self.find_count(count_id) if locked else None

    async def find_count(self, count_id: UUID) -> CountRow | None:
        row = await self._work.fetchrow(QUERIES.find_count, count_id=count_id)
        return _count_row(row) if row else None

    def update_count(self, count: Count, counted: CountLine | None = None) -> None:
        ended = count.state is not CountState.OPEN
        self._work.write(
            QUERIES.update_count,
            count_id=count.count_id,
            state=count.state.value,
            ended_at=self._work.now if ended else None,
            ended_by=self._work.cause.actor_id if ended else None,
            version=count.version,
        )
        if counted:
            self._work.write(QUERIES.upsert_count_line, count_id=count.count_id, **asdict(counted))
        elif count.state is CountState.POSTED:
            self._work.write(
                QUERIES.update_count_reasons,
                count_id=count.count_id,
                job_ids=[line.job_id for line in count.lines],
                locations=[line.location for line in count.lines],
                lots=[line.lot for line in count.lines],
                reasons=[line.reason for line in count.lines],
            )

    async def list_counts(
        self, state: str | None, warehouse: str | None, *, before: UUID | None, limit: int
    ) -> list[CountRow]:
        rows = await self._work.fetch(
            QUERIES.list_counts, state=state, warehouse=warehouse, before=before, limit=limit
        )
        return [_count_row(row) for row in rows]


def _count_row(row: Row) -> CountRow:
    lines = row["lines"] or []
    count = Count(
        row["count_id"],
        row["warehouse"],
        CountState(row["state"]),
        _COUNTED.validate_python(lines),
        row["version"],
    )
    return CountRow(
        count,
        row["opened_at"],
        row["opened_by"],
        row["ended_at"],
        row["ended_by"],
        stored_goods(lines),
        _warehouse(row),
    )
