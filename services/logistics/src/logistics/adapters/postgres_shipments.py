"""Shipments in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from optima_kit.db import UnitOfWork
from optima_kit.refusals import Stale
from optima_kit.sql import load_queries

from ..application.ports import (
    Companion,
    DdtNumber,
    DeliveryProofRow,
    Invoicing,
    ReturnRow,
    ShipmentFilter,
    ShipmentRow,
    ThirdPartyRow,
    UnderWay,
)
from ..domain.ddt import TIME_ZONE
from ..domain.document_types import DocumentType, GoodsGoTo
from ..domain.lookups import Carrier, Destination, Warehouse
from ..domain.orders import CarriedGoods
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
from .rows import PICKS, found_lookups, stored_goods

QUERIES = load_queries(__package__)

Row = Any

_INVOICING = TypeAdapter(Invoicing)
_RETURNED = TypeAdapter(tuple[ReturnedLine, ...])


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
                found_lookups(
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
                found_lookups(
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
        picks=PICKS.validate_python(row["picks"] or ()),
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
        goods=stored_goods(row["lines"]),
        lookups=found_lookups([(kind, code) for kind, code in codes if code], row["lookups"] or []),
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
