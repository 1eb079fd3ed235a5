"""Repositories of logistics on PostgreSQL. All statements are in queries.sql."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from optima_kit.db import UnitOfWork
from optima_kit.directory import Directory
from optima_kit.ids import new_id
from optima_kit.refusals import Stale
from optima_kit.sql import load_queries

from ..application.ports import (
    Companion,
    CountRow,
    DdtNumber,
    DeliveryFigures,
    DeliveryProofRow,
    FoundLookups,
    HoldRow,
    InvoiceableCustomer,
    InvoiceableFilter,
    InvoiceableRow,
    Invoicing,
    LocationRow,
    MovementFilter,
    MovementRow,
    PlacedStock,
    Ports,
    ReceiptRow,
    ReturnRow,
    ShipmentFilter,
    ShipmentRow,
    StockFigures,
    StockFilter,
    StockRow,
    ThirdPartyRow,
    UnderWay,
)
from ..domain.articles import Article
from ..domain.counts import Count, CountLine, CountState
from ..domain.ddt import TIME_ZONE, Document, Sender, Series
from ..domain.document_types import DocumentType, GoodsGoTo
from ..domain.holds import Hold, HoldKind
from ..domain.lookups import Carrier, Destination, Lookup, Warehouse
from ..domain.orders import CarriedGoods, Order, OrderLine
from ..domain.parties import Party
from ..domain.places import Lot, Pick, Place
from ..domain.shipments import (
    OPEN,
    DeliveryProof,
    Line,
    Return,
    ReturnedLine,
    Shipment,
    State,
    Transport,
)
from ..domain.stock import Goods, Kind, Movement, SupplierReceipt
from .despatch_advice import despatch_advice_if_complete
from .document_types import BUILT_IN

QUERIES = load_queries(__package__)

L = TypeVar("L", bound=Lookup)
Row = Any

_DOCUMENT = TypeAdapter(Document)
_INVOICING = TypeAdapter(Invoicing)
_PARTY = TypeAdapter(Party)
_ARTICLE = TypeAdapter(Article)
_COUNTED = TypeAdapter(tuple[CountLine, ...])
_RETURNED = TypeAdapter(tuple[ReturnedLine, ...])
_PICKS = TypeAdapter(tuple[Pick, ...])
_PLACED = TypeAdapter(list[PlacedStock])
_LOOKUPS: dict[type, tuple[str, TypeAdapter[Any]]] = {
    Warehouse: ("warehouse", TypeAdapter(Warehouse)),
    Destination: ("destination", TypeAdapter(Destination)),
    DocumentType: ("transport_reason", TypeAdapter(DocumentType)),
    Carrier: ("carrier", TypeAdapter(Carrier)),
}


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
                _PICKS.validate_python(row["lines"]),
                _carried(row["lines"]),
                row["recorded_at"],
                row["recorded_by"],
                _found(
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


class PostgresShipments:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_shipment(self, shipment: Shipment) -> None:
        self._work.write(
            QUERIES.insert_shipment,
            shipment_id=shipment.shipment_id,
            order_id=shipment.order_id,
            brief_id=shipment.brief_id,
            warehouse=shipment.warehouse,
            destination=shipment.destination,
            state=shipment.state.value,
            document_type=shipment.document_type,
            goods_go_to=shipment.goods_go_to.value,
            closes_order_line=shipment.closes_order_line,
            **_transport_columns(shipment.transport),
            replaces=shipment.replaces,
            from_stock=shipment.from_stock,
            consignment_id=shipment.consignment_id,
            version=shipment.version,
            drafted_at=self._work.now,
            job_ids=[line.job_id for line in shipment.lines],
            quantities=[line.quantity for line in shipment.lines],
        )

    def update_shipment(self, shipment: Shipment) -> None:
        changed = [
            line for line in shipment.lines if line.away != line.quantity or not shipment.is_live(line)
        ]
        self._work.write(
            QUERIES.update_shipment,
            shipment_id=shipment.shipment_id,
            state=shipment.state.value,
            **_transport_columns(shipment.transport),
            departed_at=shipment.departed_at,
            delivered_at=shipment.delivered_at,
            received_by=shipment.received_by,
            ended_because=shipment.ended_because,
            replaced_by=shipment.replaced_by,
            return_by=shipment.return_by,
            consignment_id=shipment.consignment_id,
            document_of=shipment.document_of,
            version=shipment.version,
            changed_jobs=[line.job_id for line in changed],
            came_back=[line.came_back for line in changed],
            returned=[line.returned for line in changed],
            live=[shipment.is_live(line) for line in changed],
        )

    def update_content(self, shipment: Shipment) -> None:
        self._work.write(QUERIES.delete_shipment_lines, shipment_id=shipment.shipment_id)
        self._work.write(
            QUERIES.update_shipment_content,
            shipment_id=shipment.shipment_id,
            state=shipment.state.value,
            document_type=shipment.document_type,
            goods_go_to=shipment.goods_go_to.value,
            closes_order_line=shipment.closes_order_line,
            warehouse=shipment.warehouse,
            destination=shipment.destination,
            version=shipment.version,
            job_ids=[line.job_id for line in shipment.lines],
            quantities=[line.quantity for line in shipment.lines],
        )

    def update_picks(self, shipment: Shipment) -> None:
        self._work.write(QUERIES.delete_shipment_picks, shipment_id=shipment.shipment_id)
        picks = shipment.picks
        if not any(pick.location or pick.lot for pick in picks) and shipment.state not in OPEN:
            return
        self._work.write(
            QUERIES.replace_shipment_picks,
            shipment_id=shipment.shipment_id,
            job_ids=[pick.job_id for pick in picks],
            locations=[pick.location for pick in picks],
            lots=[pick.lot for pick in picks],
            quantities=[pick.quantity for pick in picks],
            expire_on=[pick.expires_on for pick in picks],
        )

    def insert_return(self, returned: Return) -> None:
        self._work.write(
            QUERIES.insert_return,
            return_id=returned.return_id,
            shipment_id=returned.shipment_id,
            document_type=returned.document_type,
            warehouse=returned.warehouse,
            number=returned.number,
            date=returned.date,
            reason=returned.reason,
            lines=_RETURNED.dump_python(returned.lines, mode="json"),
            recorded_at=self._work.now,
            recorded_by=self._work.cause.actor_id,
        )

    def insert_proof(self, proof: DeliveryProof, data: bytes) -> None:
        self._work.write(
            QUERIES.insert_proof,
            **asdict(proof),
            data=data,
            recorded_at=self._work.now,
            recorded_by=self._work.cause.actor_id,
        )

    async def list_proofs(
        self, document_id: UUID, *, before: UUID | None, limit: int
    ) -> list[DeliveryProofRow]:
        rows = await self._work.fetch(
            QUERIES.list_proofs, document_id=document_id, before=before, limit=limit
        )
        return [DeliveryProofRow(_proof(row), row["recorded_at"], row["recorded_by"]) for row in rows]

    async def find_proof(self, document_id: UUID, proof_id: UUID) -> tuple[DeliveryProof, bytes] | None:
        row = await self._work.fetchrow(QUERIES.find_proof, document_id=document_id, proof_id=proof_id)
        return (_proof(row), row["data"]) if row else None

    async def list_returns(self, shipment_id: UUID, *, before: UUID | None, limit: int) -> list[ReturnRow]:
        rows = await self._work.fetch(
            QUERIES.list_returns, shipment_id=shipment_id, before=before, limit=limit
        )
        return [
            ReturnRow(
                Return(
                    row["return_id"],
                    row["shipment_id"],
                    row["document_type"],
                    row["warehouse"],
                    row["number"],
                    row["date"],
                    row["reason"],
                    _RETURNED.validate_python(row["lines"]),
                ),
                row["recorded_at"],
                row["recorded_by"],
                _found(
                    [(Warehouse, row["warehouse"]), (DocumentType, row["document_type"])],
                    row["lookups"] or [],
                ),
            )
            for row in rows
        ]

    async def lock_shipment(self, shipment_id: UUID) -> ShipmentRow | None:
        # Lock the order first, so that the shipment is read as the last change left it.
        locked = await self._work.fetchval(QUERIES.lock_order_of_shipment, shipment_id=shipment_id)
        return await self.find_shipment(shipment_id) if locked else None

    async def lock_consignment(
        self, shipment_id: UUID, *, joined_by: UUID | None = None
    ) -> list[ShipmentRow]:
        if joined_by is None and await self._work.fetchval(
            QUERIES.lock_order_of_lone_shipment, shipment_id=shipment_id
        ):
            row = await self.find_shipment(shipment_id)
            if row and row.shipment.consignment_id is not None:
                raise Stale("stale_version", field="If-Match")
            return [row] if row else []
        # Lock the consignment first: no shipment can be added to it then, and its orders are known.
        consignment_id = await self._work.fetchval(QUERIES.find_consignment, shipment_id=shipment_id)
        if consignment_id is not None:
            await self._work.fetchval(QUERIES.lock_consignment, consignment_id=consignment_id)
        await self._work.fetch(
            QUERIES.lock_orders_of_consignment,
            shipment_id=shipment_id,
            consignment_id=consignment_id,
            joined_by=joined_by,
        )
        rows = await self._work.fetch(
            QUERIES.list_shipments_of_consignment, shipment_id=shipment_id, consignment_id=consignment_id
        )
        found = [_shipment_row(row) for row in rows]
        if any(row.shipment.consignment_id != consignment_id for row in found):
            raise Stale("stale_version", field="If-Match")
        return found

    def insert_consignment(self, consignment_id: UUID) -> None:
        self._work.write(QUERIES.insert_consignment, consignment_id=consignment_id)

    async def list_shipments_of_order(self, order_id: UUID) -> list[Shipment]:
        rows = await self._work.fetch(QUERIES.list_shipments_of_order, order_id=order_id)
        return [_shipment(row) for row in rows]

    async def count_under_way(self, today: date) -> list[UnderWay]:
        rows = await self._work.fetch(QUERIES.count_under_way, today=today)
        return [UnderWay(State(row["state"]), row["shipments"], row["late"]) for row in rows]

    async def list_expected_back(
        self, until: date | None, *, after: tuple[date, UUID] | None, limit: int
    ) -> list[ShipmentRow]:
        after_date, after_id = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_expected_back, until=until, after_date=after_date, after_id=after_id, limit=limit
        )
        return [_shipment_row(row) for row in rows]

    async def list_with_third_parties(
        self,
        destination: str | None,
        document_type: str | None,
        *,
        after: tuple[str, str, UUID] | None,
        limit: int,
    ) -> list[ThirdPartyRow]:
        after_destination, after_type, after_job = after or (None, None, None)
        rows = await self._work.fetch(
            QUERIES.list_with_third_parties,
            destination=destination,
            document_type=document_type,
            after_destination=after_destination,
            after_document_type=after_type,
            after_job_id=after_job,
            limit=limit,
        )
        return [
            ThirdPartyRow(
                row["destination"],
                row["document_type"],
                row["job_id"],
                CarriedGoods(row["description"], row["unit"], code=row["code"]),
                row["quantity"],
                row["in_transit"],
                row["since"],
                row["return_by"],
                [
                    (UUID(each["shipment_id"]), each["number"], Decimal(each["quantity"]))
                    for each in row["documents"]
                ],
                _found(
                    [(Destination, row["destination"]), (DocumentType, row["document_type"])],
                    row["lookups"] or [],
                ),
            )
            for row in rows
        ]

    async def find_shipment(self, shipment_id: UUID) -> ShipmentRow | None:
        row = await self._work.fetchrow(QUERIES.find_shipment, shipment_id=shipment_id)
        return _shipment_row(row) if row else None

    async def list_own(self, person_id: UUID, *, before: UUID | None, limit: int) -> list[ShipmentRow]:
        rows = await self._work.fetch(
            QUERIES.list_own_shipments, person_id=person_id, before=before, limit=limit
        )
        return [_shipment_row(row) for row in rows]

    async def find_own(self, person_id: UUID, shipment_id: UUID) -> ShipmentRow | None:
        row = await self._work.fetchrow(
            QUERIES.find_own_shipment, person_id=person_id, shipment_id=shipment_id
        )
        return _shipment_row(row) if row else None

    async def list_named(self, shipment_ids: Sequence[UUID]) -> list[ShipmentRow]:
        rows = await self._work.fetch(QUERIES.list_shipments_named, shipment_ids=shipment_ids)
        return [_shipment_row(row) for row in rows]

    async def list_shipments(
        self, filters: ShipmentFilter, *, before: UUID | None, limit: int
    ) -> list[ShipmentRow]:
        wanted = asdict(filters)
        query = QUERIES.search_shipments
        if filters.text is None:
            query = QUERIES.list_shipments
            del wanted["text"]
        rows = await self._work.fetch(query, **wanted, before=before, limit=limit)
        return [_shipment_row(row) for row in rows]


def _transport_columns(transport: Transport) -> dict[str, Any]:
    return {
        "transport_by": transport.by,
        "carrier": transport.carrier,
        "freight": transport.freight,
        "appearance": transport.appearance,
        "packages": transport.packages,
        "gross_weight_kg": transport.gross_weight_kg,
        "net_weight_kg": transport.net_weight_kg,
        "customer_reference": transport.customer_reference,
        "starts_at": transport.starts_at,
        "notes": transport.notes,
    }


def _shipment(row: Row) -> Shipment:
    return Shipment(
        shipment_id=row["shipment_id"],
        order_id=row["order_id"],
        brief_id=row["brief_id"],
        warehouse=row["warehouse"],
        document_type=row["document_type"],
        goods_go_to=GoodsGoTo(row["goods_go_to"]),
        closes_order_line=row["closes_order_line"],
        destination=row["destination"],
        lines=tuple(
            Line(
                UUID(line["job_id"]),
                Decimal(line["quantity"]),
                Decimal(line["came_back"]),
                Decimal(line["returned"]),
                line.get("finisher") is not None,
            )
            for line in row["lines"]
        ),
        transport=Transport(
            by=row["transport_by"],
            carrier=row["carrier"],
            freight=row["freight"],
            appearance=row["appearance"],
            packages=row["packages"],
            gross_weight_kg=row["gross_weight_kg"],
            net_weight_kg=row["net_weight_kg"],
            customer_reference=row["customer_reference"],
            starts_at=row["starts_at"],
            notes=row["notes"],
        ),
        state=State(row["state"]),
        version=row["version"],
        departed_at=row["departed_at"],
        delivered_at=row["delivered_at"],
        received_by=row["received_by"],
        ended_because=row["ended_because"],
        replaces=row["replaces"],
        replaced_by=row["replaced_by"],
        from_stock=row["from_stock"],
        return_by=row["return_by"],
        consignment_id=row["consignment_id"],
        document_of=row["document_of"],
        picks=_PICKS.validate_python(row["picks"] or ()),
    )


def _shipment_row(row: Row) -> ShipmentRow:
    shipment, ddt = _shipment(row), None
    if row["ddt_number"] is not None:
        ddt = DdtNumber(
            row["ddt_number"],
            row["progressive"],
            row["series"],
            row["year"],
            row["issue_date"],
            row["issued_at"],
            _INVOICING.validate_python(row["invoicing"] or {}),
        )
    transport = shipment.transport
    codes: list[tuple[type[Any], str | None]] = [
        (Warehouse, shipment.warehouse),
        (
            Warehouse if shipment.goods_go_to is GoodsGoTo.WAREHOUSE else Destination,
            shipment.destination,
        ),
        (DocumentType, shipment.document_type),
        (Carrier, transport.carrier),
    ]
    return ShipmentRow(
        shipment=shipment,
        order_number=row["order_number"],
        order_cancelled=row["order_cancelled"],
        goods=_carried(row["lines"]),
        lookups=_found([(kind, code) for kind, code in codes if code], row["lookups"] or []),
        ddt=ddt,
        drafted_at=row["drafted_at"],
        time_zone=row["time_zone"] or TIME_ZONE,
        replaces_number=row["replaces_number"],
        proofs=row["proofs"],
        companions=[
            Companion(
                UUID(each["shipment_id"]),
                UUID(each["order_id"]),
                each["order_number"],
                State(each["state"]),
                each["can_be_issued"],
            )
            for each in row["companions"] or ()
        ],
    )


def _proof(row: Row) -> DeliveryProof:
    return DeliveryProof(
        row["proof_id"], row["shipment_id"], row["name"], row["media_type"], row["size"], row["sha256"]
    )


def _carried(lines: Sequence[Any]) -> dict[UUID, CarriedGoods]:
    return {
        UUID(line["job_id"]): CarriedGoods(
            line["description"],
            line["unit"],
            line["closed"],
            line["code"],
            line.get("is_article", False),
            line.get("finisher"),
            Decimal(line["sendable"]) if line.get("finisher") else None,
        )
        for line in lines
    }


def _warehouse(row: Row) -> FoundLookups:
    found = [row["lookup"]] if row["lookup"] else []
    return _found([(Warehouse, row["warehouse"])], found)


class PostgresDdts:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_series(self, year: int, name: str) -> Series:
        row = await self._work.fetchrow(QUERIES.lock_series, year=year, series=name)
        assert row is not None
        return Series(year, name, row["last_progressive"], row["last_issue_date"])

    def insert_document(self, shipment_id: UUID, document: Document) -> None:
        self._work.write(
            QUERIES.insert_document,
            shipment_id=shipment_id,
            year=document.year,
            series=document.series,
            progressive=document.progressive,
            number=document.number,
            issue_date=document.issue_date,
            issued_at=document.issued_at,
            document=_DOCUMENT.dump_python(document, mode="json"),
        )

    async def list_documents(self, document_ids: Sequence[UUID]) -> Mapping[UUID, Document]:
        rows = await self._work.fetch(QUERIES.list_documents_named, document_ids=document_ids)
        return {row["shipment_id"]: _DOCUMENT.validate_python(row["document"]) for row in rows}

    async def find_document(self, document_id: UUID) -> Document | None:
        content = await self._work.fetchval(QUERIES.find_document, document_id=document_id)
        return None if content is None else _DOCUMENT.validate_python(content)

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> list[str]:
        rows = await self._work.fetch(QUERIES.list_ddt_numbers, shipment_ids=shipment_ids)
        return [row["number"] for row in rows]

    async def list_to_be_invoiced(
        self,
        filters: InvoiceableFilter,
        *,
        after: tuple[date, UUID] | None,
        limit: int,
    ) -> list[InvoiceableRow]:
        after_date, after_id = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_to_be_invoiced,
            **asdict(filters),
            after_date=after_date,
            after_id=after_id,
            limit=limit,
        )
        return [
            InvoiceableRow(
                row["shipment_id"],
                _DOCUMENT.validate_python(row["document"]),
                {UUID(job_id): Decimal(quantity) for job_id, quantity in row["quantities"].items()},
                row["credit_note_number"],
            )
            for row in rows
        ]

    async def list_customers_to_be_invoiced(
        self, filters: InvoiceableFilter, limit: int
    ) -> list[InvoiceableCustomer]:
        rows = await self._work.fetch(QUERIES.list_customers_to_be_invoiced, **asdict(filters), limit=limit)
        return [InvoiceableCustomer(**row) for row in rows]

    def save_invoice(self, shipment_id: UUID, told: Invoicing) -> None:
        self._work.write(QUERIES.upsert_ddt_invoice, shipment_id=shipment_id, **asdict(told))

    async def find_pdf(self, document_id: UUID) -> bytes | None:
        pdf: bytes | None = await self._work.fetchval(QUERIES.find_pdf, document_id=document_id)
        return pdf

    def insert_pdf(self, document_id: UUID, pdf: bytes, at: datetime) -> None:
        self._work.write(QUERIES.insert_pdf, document_id=document_id, pdf=pdf, rendered_at=at)


class PostgresLookups:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, kind: type[L], code: str) -> L | None:
        return (await self.find_all([(kind, code)])).get(kind, code)

    async def find_all(self, named: Sequence[tuple[type[Any], str]]) -> FoundLookups:
        rows = await self._work.fetch(
            QUERIES.list_lookups_named,
            kinds=[_LOOKUPS[kind][0] for kind, _ in named],
            codes=[code for _, code in named],
        )
        return _found(named, rows)

    async def find_with_sender(
        self, named: Sequence[tuple[type[Any], str]]
    ) -> tuple[Sender | None, FoundLookups]:
        rows = await self._work.fetch(
            QUERIES.list_lookups_with_sender,
            kinds=[_LOOKUPS[kind][0] for kind, _ in named],
            codes=[code for _, code in named],
        )
        sender = None
        for row in rows:
            if row["time_zone"] is not None:
                sender = Sender(_PARTY.validate_python(row["content"]), row["time_zone"])
        return sender, _found(named, rows)

    async def save(self, lookup: Lookup) -> None:
        name, adapter = _LOOKUPS[type(lookup)]
        content = adapter.dump_python(lookup, mode="json", exclude={"version"})
        saved = await self._work.fetchval(
            QUERIES.upsert_lookup, kind=name, code=lookup.code, content=content, version=lookup.version
        )
        if saved is None:
            raise Stale("stale_version", field="If-Match")

    async def lock_destinations(self, after: str, limit: int) -> list[Destination]:
        rows = await self._work.fetch(QUERIES.lock_destinations, after=after, limit=limit)
        return [_lookup(Destination, row) for row in rows]

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
        name, _ = _LOOKUPS[kind]
        found: dict[str, L] = {
            code: lookup for code, lookup in _built_in(kind).items() if after is None or code > after
        }
        rows = await self._work.fetch(QUERIES.list_lookups, kind=name, text=text, after=after, limit=limit)
        for row in rows:
            found[row["code"]] = _lookup(kind, row)
        return [found[code] for code in sorted(found)][:limit]


def _found(named: Sequence[tuple[type[Any], str]], rows: Sequence[Row]) -> FoundLookups:
    own = {(row["kind"], row["code"]): row for row in rows}
    found: dict[tuple[type[Any], str], Lookup] = {}
    for kind, code in named:
        if row := own.get((_LOOKUPS[kind][0], code)):
            found[kind, code] = _lookup(kind, row)
        elif built_in := _built_in(kind).get(code):
            found[kind, code] = built_in
    return FoundLookups(found)


def _lookup(kind: type[L], row: Row) -> L:
    """Build an entry. A document type that was stored when only its text could be changed takes the rest from
    the built-in type."""
    built_in = _built_in(kind).get(row["code"])
    content = (asdict(built_in) if built_in else {}) | row["content"]
    lookup: L = _LOOKUPS[kind][1].validate_python(content)
    return replace(lookup, version=row["version"])


def _built_in(kind: type[L]) -> dict[str, L]:
    return BUILT_IN if kind is DocumentType else {}  # type: ignore[return-value]


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
        _carried(lines),
        _warehouse(row),
    )


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


class PostgresPackages:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_prefix(self) -> str | None:
        row = await self._work.fetchrow(QUERIES.find_gs1_prefix)
        return row["prefix"] if row else None

    def save_prefix(self, prefix: str) -> None:
        self._work.write(QUERIES.upsert_gs1_prefix, prefix=prefix)

    async def take_serials(self, count: int) -> tuple[str, int] | None:
        row = await self._work.fetchrow(QUERIES.update_gs1_serials, count=count)
        return (row["prefix"], row["first"]) if row else None

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
        found: dict[UUID, list[str]] = {}
        for row in await self._work.fetch(QUERIES.list_packages, shipment_ids=shipment_ids):
            found.setdefault(row["shipment_id"], []).append(row["sscc"])
        return found

    def insert_numbers(self, shipment_id: UUID, after: int, numbers: Sequence[str]) -> None:
        self._work.write(QUERIES.insert_packages, shipment_id=shipment_id, after=after, numbers=numbers)


class PostgresSenders:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def save(self, sender: Sender) -> None:
        identity = _PARTY.dump_python(sender.identity, mode="json")
        self._work.write(QUERIES.upsert_sender, identity=identity, time_zone=sender.time_zone)
