"""The repositories, on PostgreSQL. Every statement stands in queries.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from optima_kit.db import UnitOfWork
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Stale
from optima_kit.sql import load_queries

from ..application.ports import DdtNumber, MovementRow, Ports, ShipmentFilter, ShipmentRow, StockRow
from ..domain.ddt import Document, Sender, Series
from ..domain.lookups import Carrier, Destination, Lookup, TransportReason, Warehouse
from ..domain.orders import Order, OrderLine
from ..domain.parties import Party
from ..domain.shipments import Line, Shipment, State, Transport
from ..domain.stock import Goods, Kind, Movement
from .transport_reasons import BUILT_IN

QUERIES = load_queries(__package__)

L = TypeVar("L", bound=Lookup)
Row = Any

_DOCUMENT = TypeAdapter(Document)
_PARTY = TypeAdapter(Party)
_LOOKUPS: dict[type, tuple[str, TypeAdapter[Any]]] = {
    Warehouse: ("warehouse", TypeAdapter(Warehouse)),
    Destination: ("destination", TypeAdapter(Destination)),
    TransportReason: ("transport_reason", TypeAdapter(TransportReason)),
    Carrier: ("carrier", TypeAdapter(Carrier)),
}


def ports(work: UnitOfWork) -> Ports:
    """What use cases need, on one unit of work."""
    return Ports(
        orders=PostgresOrders(work),
        ledger=PostgresLedger(work),
        shipments=PostgresShipments(work),
        ddts=PostgresDdts(work),
        lookups=PostgresLookups(work),
        senders=PostgresSenders(work),
        outbox=work.outbox,
        jobs=work.jobs,
        now=work.now,
        new_id=new_id,
    )


class PostgresOrders:
    def __init__(self, work: UnitOfWork) -> None:
        self._connection = work.connection

    async def lock_brief(self, brief_id: UUID) -> str | None:
        because: str | None = await self._connection.fetchval(QUERIES.lock_brief, brief_id)
        return because

    async def set_brief_cancelled(self, brief_id: UUID, because: str | None) -> None:
        await self._connection.execute(QUERIES.set_brief_cancelled, brief_id, because)

    async def add(self, order: Order) -> None:
        added = await self._connection.fetchval(
            QUERIES.add_order, order.order_id, order.number, order.brief_id, order.cancelled_because
        )
        if added is None:
            return
        lines = list(order.lines.values())
        await self._connection.execute(
            QUERIES.add_order_lines,
            order.order_id,
            [line.job_id for line in lines],
            [line.description for line in lines],
            [line.quantity for line in lines],
            [line.unit for line in lines],
        )
        deliveries = [(line.job_id, *delivery) for line in lines for delivery in line.deliveries.items()]
        await self._connection.execute(
            QUERIES.add_order_deliveries,
            [job_id for job_id, _, _ in deliveries],
            [destination for _, destination, _ in deliveries],
            [quantity for _, _, quantity in deliveries],
        )

    async def find(self, order_id: UUID) -> Order | None:
        return await self._order(await self._connection.fetchrow(QUERIES.find_order, order_id))

    async def lock(self, order_id: UUID) -> Order | None:
        return await self._order(await self._connection.fetchrow(QUERIES.lock_order, order_id))

    async def lock_of_job(self, job_id: UUID) -> Order | None:
        return await self._order(await self._connection.fetchrow(QUERIES.lock_order_of_job, job_id))

    async def lock_of_shipment(self, shipment_id: UUID) -> Order | None:
        return await self._order(await self._connection.fetchrow(QUERIES.lock_order_of_shipment, shipment_id))

    async def lock_of_brief(self, brief_id: UUID) -> list[Order]:
        rows = await self._connection.fetch(QUERIES.lock_orders_of_brief, brief_id)
        return [order for row in rows if (order := await self._order(row))]

    async def goods(self, order_id: UUID) -> Goods:
        on_hand: dict[tuple[str, UUID], Decimal] = {}
        received: dict[UUID, Decimal] = {}
        reserved: dict[tuple[str, UUID], Decimal] = {}
        committed: dict[tuple[UUID, str], Decimal] = {}
        for row in await self._connection.fetch(QUERIES.sum_movements_of_order, order_id):
            on_hand[row["warehouse"], row["job_id"]] = row["on_hand"]
            _add(received, row["job_id"], row["received"])
        for row in await self._connection.fetch(QUERIES.sum_shipments_of_order, order_id):
            _add(reserved, (row["warehouse"], row["job_id"]), row["reserved"])
            _add(committed, (row["job_id"], row["destination"]), row["committed"])
        return Goods(on_hand, reserved, received, committed)

    async def set_produced(self, job_id: UUID, quantity: Decimal) -> None:
        await self._connection.execute(QUERIES.set_produced, job_id, quantity)

    async def set_cancelled(self, order_id: UUID, because: str | None) -> None:
        await self._connection.execute(QUERIES.set_order_cancelled, order_id, because)

    async def _order(self, row: Row | None) -> Order | None:
        if row is None:
            return None
        lines: dict[UUID, OrderLine] = {}
        for part in await self._connection.fetch(QUERIES.read_order_lines, row["order_id"]):
            job_id = part["job_id"]
            line = lines.get(job_id) or OrderLine(
                job_id, part["description"], part["quantity"], part["unit"], {}, part["produced"]
            )
            if part["destination"] is not None:
                line = replace(line, deliveries={**line.deliveries, part["destination"]: part["delivery"]})
            lines[job_id] = line
        return Order(row["order_id"], row["number"], row["brief_id"], lines, row["cancelled_because"])


K = TypeVar("K")


def _add(sums: dict[K, Decimal], key: K, quantity: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + quantity


class PostgresLedger:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._connection = work.connection

    async def record(self, movements: Sequence[Movement]) -> None:
        await self._connection.execute(
            QUERIES.add_movements,
            [movement.movement_id for movement in movements],
            [movement.warehouse for movement in movements],
            [movement.job_id for movement in movements],
            [movement.kind.value for movement in movements],
            [movement.quantity for movement in movements],
            [movement.shipment_id for movement in movements],
            [movement.reason for movement in movements],
            self._work.now,
            self._work.cause.actor_id,
        )
        await self._connection.execute(QUERIES.mark_stocked, [movement.job_id for movement in movements])

    async def stock(
        self,
        *,
        warehouse: str | None,
        job_id: UUID | None,
        order_id: UUID | None,
        after: tuple[UUID, str] | None,
        limit: int,
    ) -> list[StockRow]:
        rows = await _filtered(
            self._work, QUERIES.page_stock, warehouse, job_id, order_id, *(after or (None, None)), limit
        )
        return [StockRow(**row) for row in rows]

    async def movements(
        self,
        *,
        warehouse: str | None,
        job_id: UUID | None,
        shipment_id: UUID | None,
        before: UUID | None,
        limit: int,
    ) -> list[MovementRow]:
        rows = await _filtered(
            self._work, QUERIES.page_movements, warehouse, job_id, shipment_id, before, limit
        )
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
                ),
                row["unit"],
                row["recorded_at"],
                row["recorded_by"],
            )
            for row in rows
        ]


async def _filtered(work: UnitOfWork, statement: str, *arguments: object) -> list[Row]:
    """A list with optional filters, planned for those that were given, so that each uses its index."""
    await work.connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    return list(await work.connection.fetch(statement, *arguments))


class PostgresShipments:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._connection = work.connection

    async def add(self, shipment: Shipment) -> None:
        transport = shipment.transport
        await self._connection.execute(
            QUERIES.add_shipment,
            shipment.shipment_id,
            shipment.order_id,
            shipment.brief_id,
            shipment.warehouse,
            shipment.destination,
            shipment.state.value,
            transport.reason,
            transport.by,
            transport.carrier,
            transport.freight,
            transport.appearance,
            transport.packages,
            transport.gross_weight_kg,
            transport.notes,
            shipment.replaces,
            shipment.version,
            self._work.now,
        )
        await self._connection.execute(
            QUERIES.add_shipment_lines,
            shipment.shipment_id,
            [line.job_id for line in shipment.lines],
            [line.quantity for line in shipment.lines],
        )

    async def save(self, shipment: Shipment) -> None:
        transport = shipment.transport
        saved = await self._connection.fetchval(
            QUERIES.save_shipment,
            shipment.shipment_id,
            shipment.state.value,
            transport.reason,
            transport.by,
            transport.carrier,
            transport.freight,
            transport.appearance,
            transport.packages,
            transport.gross_weight_kg,
            transport.notes,
            shipment.departed_at,
            shipment.delivered_at,
            shipment.received_by,
            shipment.ended_because,
            shipment.replaced_by,
            shipment.version,
        )
        if saved is None:
            raise Stale("stale_version")

    async def get(self, shipment_id: UUID) -> Shipment:
        row = await self._connection.fetchrow(QUERIES.read_shipment, shipment_id)
        if row is None:
            raise Absent("shipment_unknown")
        return _shipment(row)

    async def of_order(self, order_id: UUID) -> list[Shipment]:
        rows = await self._connection.fetch(QUERIES.read_shipments_of_order, order_id)
        return [_shipment(row) for row in rows]

    async def read(self, shipment_id: UUID) -> ShipmentRow:
        rows = await self._page(shipment_id, ShipmentFilter(), None, 1)
        if not rows:
            raise Absent("shipment_unknown")
        return rows[0]

    async def page(self, filters: ShipmentFilter, *, before: UUID | None, limit: int) -> list[ShipmentRow]:
        return await self._page(None, filters, before, limit)

    async def _page(
        self, shipment_id: UUID | None, wanted: ShipmentFilter, before: UUID | None, limit: int
    ) -> list[ShipmentRow]:
        rows = await _filtered(
            self._work,
            QUERIES.page_shipments,
            shipment_id,
            wanted.state,
            wanted.order_id,
            wanted.brief_id,
            wanted.warehouse,
            wanted.destination,
            wanted.issued_from,
            wanted.issued_to,
            wanted.number,
            before,
            limit,
        )
        return [_shipment_row(row) for row in rows]


def _shipment(row: Row) -> Shipment:
    return Shipment(
        shipment_id=row["shipment_id"],
        order_id=row["order_id"],
        brief_id=row["brief_id"],
        warehouse=row["warehouse"],
        destination=row["destination"],
        lines=tuple(Line(UUID(line["job_id"]), Decimal(line["quantity"])) for line in row["lines"]),
        transport=Transport(
            reason=row["reason"],
            by=row["transport_by"],
            carrier=row["carrier"],
            freight=row["freight"],
            appearance=row["appearance"],
            packages=row["packages"],
            gross_weight_kg=row["gross_weight_kg"],
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
    )


def _shipment_row(row: Row) -> ShipmentRow:
    ddt = None
    if row["number"] is not None:
        ddt = DdtNumber(
            row["number"],
            row["progressive"],
            row["series"],
            row["year"],
            row["issue_date"],
            row["issued_at"],
        )
    return ShipmentRow(
        shipment=_shipment(row),
        order_number=row["order_number"],
        descriptions={UUID(line["job_id"]): (line["description"], line["unit"]) for line in row["lines"]},
        ddt=ddt,
        drafted_at=row["drafted_at"],
    )


class PostgresDdts:
    def __init__(self, work: UnitOfWork) -> None:
        self._connection = work.connection

    async def lock_series(self, year: int, name: str) -> Series:
        row = await self._connection.fetchrow(QUERIES.lock_series, year, name)
        assert row is not None
        return Series(year, name, row["last_progressive"], row["last_issue_date"])

    async def save(self, shipment_id: UUID, document: Document) -> None:
        place = (document.year, document.series, document.progressive)
        await self._connection.execute(QUERIES.advance_series, *place, document.issue_date)
        await self._connection.execute(
            QUERIES.add_ddt,
            shipment_id,
            *place,
            document.number,
            document.issue_date,
            document.issued_at,
            _DOCUMENT.dump_python(document, mode="json"),
        )

    async def get(self, shipment_id: UUID) -> Document | None:
        content = await self._connection.fetchval(QUERIES.read_ddt, shipment_id)
        return None if content is None else _DOCUMENT.validate_python(content)

    async def stored_pdf(self, shipment_id: UUID) -> bytes | None:
        pdf: bytes | None = await self._connection.fetchval(QUERIES.read_pdf, shipment_id)
        return pdf

    async def store_pdf(self, shipment_id: UUID, pdf: bytes, at: datetime) -> None:
        await self._connection.execute(QUERIES.add_pdf, shipment_id, pdf, at)


class PostgresLookups:
    def __init__(self, work: UnitOfWork) -> None:
        self._connection = work.connection

    async def find(self, kind: type[L], code: str) -> L | None:
        name, adapter = _LOOKUPS[kind]
        row = await self._connection.fetchrow(QUERIES.find_lookup, name, code)
        if row is not None:
            return replace(adapter.validate_python(row["content"]), version=row["version"])  # type: ignore[no-any-return]
        return _built_in(kind).get(code)

    async def save(self, lookup: Lookup) -> None:
        name, adapter = _LOOKUPS[type(lookup)]
        content = adapter.dump_python(lookup, mode="json", exclude={"version"})
        saved = await self._connection.fetchval(
            QUERIES.save_lookup, name, lookup.code, content, lookup.version
        )
        if saved is None:
            raise Stale("stale_version")

    async def page(self, kind: type[L], *, after: str | None, limit: int) -> list[L]:
        name, adapter = _LOOKUPS[kind]
        found: dict[str, L] = {
            code: lookup for code, lookup in _built_in(kind).items() if after is None or code > after
        }
        for row in await self._connection.fetch(QUERIES.page_lookups, name, after, limit):
            found[row["code"]] = replace(adapter.validate_python(row["content"]), version=row["version"])
        return [found[code] for code in sorted(found)][:limit]


def _built_in(kind: type[L]) -> dict[str, L]:
    return BUILT_IN if kind is TransportReason else {}  # type: ignore[return-value]


class PostgresSenders:
    def __init__(self, work: UnitOfWork) -> None:
        self._connection = work.connection

    async def get(self) -> Sender | None:
        row = await self._connection.fetchrow(QUERIES.read_sender)
        return Sender(_PARTY.validate_python(row["identity"]), row["time_zone"]) if row else None

    async def save(self, sender: Sender) -> None:
        identity = _PARTY.dump_python(sender.identity, mode="json")
        await self._connection.execute(QUERIES.save_sender, identity, sender.time_zone)
