"""Endpoints of the warehouse ledger, and of what orders still have to be shipped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from optima_kit.http import (
    Call,
    Code,
    Command,
    Count,
    Page,
    PageQuery,
    Reply,
    Routes,
    Text,
    View,
    page_of,
)
from optima_kit.refusals import Absent

from ..application.adjust_stock import adjust_stock
from ..application.ports import MovementRow, Ports, StockRow
from ..application.receive_goods import receive_goods
from ..domain.orders import Order, OrderLine
from ..domain.stock import Goods, Movement, written

routes = Routes()


class ReceiveGoods(Command):
    warehouse: Code
    job_id: UUID
    quantity: Count


class AdjustStock(Command):
    warehouse: Code
    job_id: UUID
    direction: Literal["more", "less"]
    """Whether there is more or less than the ledger says."""
    quantity: Count
    """The difference."""
    reason: Annotated[str, Text(500)]


class StockQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    order_id: UUID | None = None


class MovementQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    shipment_id: UUID | None = None


class MovementView(View):
    movement_id: UUID
    warehouse: str
    job_id: UUID
    kind: str
    quantity: str
    """Signed: what leaves is negative."""
    shipment_id: UUID | None = None
    reason: str | None = None


class RecordedMovementView(MovementView):
    unit: str
    recorded_at: datetime
    recorded_by: UUID | None = None


class StockView(View):
    warehouse: str
    job_id: UUID
    order_id: UUID
    order_number: str
    description: str
    unit: str
    on_hand: str
    reserved: str
    """Held by shipments without a transport document."""
    free: str


class DeliveryView(View):
    destination: str
    ordered: str
    remaining: str
    """Still to be put into a shipment."""


class OrderLineView(View):
    job_id: UUID
    description: str
    unit: str
    ordered: str
    produced: str | None = None
    """Absent until the job is completed."""
    received: str
    deliveries: list[DeliveryView]
    """Empty when the goods may go anywhere."""


class OrderView(View):
    order_id: UUID
    number: str
    brief_id: UUID | None = None
    cancelled_because: str | None = None
    lines: list[OrderLineView]


@routes.post("/v1/receipts", privilege="stock.write", status=201, summary="Receive finished goods")
async def receive(call: Call[Ports], body: ReceiveGoods) -> Reply[MovementView]:
    """Only goods of a completed job, up to what it produced."""
    movement = await receive_goods(
        call.ports, warehouse=body.warehouse, job_id=body.job_id, quantity=body.quantity
    )
    return Reply(movement_view(movement))


@routes.post("/v1/adjustments", privilege="stock.write", status=201, summary="Set stock right")
async def adjust(call: Call[Ports], body: AdjustStock) -> Reply[MovementView]:
    """After a count, a breakage or a find. Stock never falls below zero."""
    difference = body.quantity if body.direction == "more" else -body.quantity
    movement = await adjust_stock(
        call.ports, warehouse=body.warehouse, job_id=body.job_id, quantity=difference, reason=body.reason
    )
    return Reply(movement_view(movement))


@routes.get("/v1/stock", privilege="stock.read", summary="List stock")
async def list_stock(call: Call[Ports], query: StockQuery) -> Page[StockView]:
    """What lies where, the goods of the newest jobs first."""
    rows = await call.ports.ledger.stock(
        warehouse=query.warehouse,
        job_id=query.job_id,
        order_id=query.order_id,
        after=query.after(UUID, str),
        limit=query.rows,
    )
    return page_of(query, rows, _stock_view, lambda row: (row.job_id, row.warehouse))


@routes.get("/v1/movements", privilege="stock.read", summary="Read the ledger")
async def list_movements(call: Call[Ports], query: MovementQuery) -> Page[RecordedMovementView]:
    """Newest first."""
    rows = await call.ports.ledger.movements(
        warehouse=query.warehouse,
        job_id=query.job_id,
        shipment_id=query.shipment_id,
        before=query.after(UUID),
        limit=query.rows,
    )
    return page_of(query, rows, _recorded_view, lambda row: row.movement.movement_id)


@routes.get(
    "/v1/orders/{order_id}", privilege="shipment.read", summary="Read what an order still has to ship"
)
async def read_order(call: Call[Ports], order_id: UUID) -> OrderView:
    order = await call.ports.orders.find(order_id)
    if order is None:
        raise Absent("order_unknown")
    return _order_view(order, await call.ports.orders.goods(order_id))


def movement_view(movement: Movement) -> MovementView:
    return MovementView(**_movement_fields(movement))


def _recorded_view(row: MovementRow) -> RecordedMovementView:
    by = {"recorded_by": row.recorded_by} if row.recorded_by else {}
    return RecordedMovementView(
        **_movement_fields(row.movement), unit=row.unit, recorded_at=row.recorded_at, **by
    )


def _movement_fields(movement: Movement) -> dict[str, object]:
    fields = {
        "movement_id": movement.movement_id,
        "warehouse": movement.warehouse,
        "job_id": movement.job_id,
        "kind": movement.kind.value,
        "quantity": written(movement.quantity),
        "shipment_id": movement.shipment_id,
        "reason": movement.reason,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _stock_view(row: StockRow) -> StockView:
    return StockView(
        warehouse=row.warehouse,
        job_id=row.job_id,
        order_id=row.order_id,
        order_number=row.order_number,
        description=row.description,
        unit=row.unit,
        on_hand=written(row.on_hand),
        reserved=written(row.reserved),
        free=written(row.on_hand - row.reserved),
    )


def _order_view(order: Order, goods: Goods) -> OrderView:
    optional = {"brief_id": order.brief_id, "cancelled_because": order.cancelled_because}
    return OrderView(
        order_id=order.order_id,
        number=order.number,
        lines=[_line_view(line, goods) for line in order.lines.values()],
        **{name: value for name, value in optional.items() if value is not None},
    )


def _line_view(line: OrderLine, goods: Goods) -> OrderLineView:
    produced = {} if line.produced is None else {"produced": written(line.produced)}
    return OrderLineView(
        job_id=line.job_id,
        description=line.description,
        unit=line.unit,
        ordered=written(line.quantity),
        received=written(goods.received_of(line.job_id)),
        deliveries=[
            DeliveryView(
                destination=destination,
                ordered=written(quantity),
                remaining=written(goods.remaining(line, destination)),
            )
            for destination, quantity in line.deliveries.items()
        ],
        **produced,
    )
