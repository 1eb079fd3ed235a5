"""Look up what lies in the warehouses, how it came there, and what is still to be shipped of an order."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.lookups import Destination, Warehouse
from ...domain.orders import Order, OrderLine
from ...domain.shipments import may_send_out
from ...domain.stock import Goods
from ..days import today_of
from ..ports import (
    FoundLookups,
    HoldRow,
    LocationRow,
    MovementFilter,
    MovementRow,
    Ports,
    ReceiptRow,
    StockFilter,
    StockRow,
)
from .access import actions_on_line, actions_on_location, actions_on_stock
from .lookups import named
from .views import (
    DeliveryView,
    ElsewhereView,
    HoldView,
    LocationView,
    MovementView,
    OrderLineView,
    OrderView,
    PlacedView,
    PlaceView,
    ReceivedLineView,
    StockView,
    SupplierReceiptView,
)


async def list_stock(ports: Ports, actor: Actor, query: PageQuery, filters: StockFilter) -> Page[StockView]:
    """List stock, the goods of the newest jobs first. What adds up to zero is left out."""
    found = await ports.ledger.list_stock(filters, before=query.after(UUID, str), limit=query.rows)
    return page_of(query, found, lambda row: _stock(actor, row), lambda row: (row.job_id, row.warehouse))


async def list_movements(ports: Ports, query: PageQuery, filters: MovementFilter) -> Page[MovementView]:
    """List movements, newest first."""
    found = await ports.ledger.list_movements(filters, before=query.after(UUID), limit=query.rows)
    names = await ports.directory.names(row.recorded_by for row in found)
    return page_of(query, found, lambda row: show_movement(row, names), lambda row: row.movement.movement_id)


def show_movement(row: MovementRow, names: Mapping[UUID, str]) -> MovementView:
    movement = row.movement
    return MovementView(
        id=movement.movement_id,
        warehouse=named(row.lookups, Warehouse, movement.warehouse),
        job_id=movement.job_id,
        kind=movement.kind,
        quantity=movement.quantity,
        unit=row.unit,
        location=movement.location or None,
        lot=movement.lot or None,
        shipment_id=movement.shipment_id,
        receipt_id=movement.receipt_id,
        count_id=movement.count_id,
        reason=movement.reason,
        recorded_at=row.recorded_at,
        recorded_by=PersonView.of(row.recorded_by, names),
    )


async def list_holds(
    ports: Ports, query: PageQuery, warehouse: str | None, job_id: UUID | None
) -> Page[HoldView]:
    """List entries about goods held back, newest first."""
    found = await ports.ledger.list_holds(warehouse, job_id, before=query.after(UUID), limit=query.rows)
    names = await ports.directory.names(row.recorded_by for row in found)
    return page_of(query, found, lambda row: show_hold(row, names), lambda row: row.entry.hold_id)


def show_hold(row: HoldRow, names: Mapping[UUID, str]) -> HoldView:
    entry = row.entry
    return HoldView(
        id=entry.hold_id,
        warehouse=named(row.lookups, Warehouse, entry.warehouse),
        job_id=entry.job_id,
        kind=entry.kind,
        quantity=entry.quantity,
        unit=row.unit,
        location=entry.location or None,
        lot=entry.lot or None,
        reason=entry.reason,
        recorded_at=row.recorded_at,
        recorded_by=PersonView.of(row.recorded_by, names),
    )


async def list_receipts(
    ports: Ports, query: PageQuery, supplier: str | None, number: str | None
) -> Page[SupplierReceiptView]:
    """List supplier receipts, newest first."""
    found = await ports.ledger.list_receipts(supplier, number, before=query.after(UUID), limit=query.rows)
    names = await ports.directory.names(row.recorded_by for row in found)
    return page_of(query, found, lambda row: show_receipt(row, names), lambda row: row.receipt.receipt_id)


def show_receipt(row: ReceiptRow, names: Mapping[UUID, str]) -> SupplierReceiptView:
    receipt = row.receipt
    return SupplierReceiptView(
        id=receipt.receipt_id,
        supplier=named(row.lookups, Destination, receipt.supplier),
        number=receipt.number,
        date=receipt.date,
        warehouse=named(row.lookups, Warehouse, receipt.warehouse),
        lines=[
            ReceivedLineView(
                job_id=line.job_id,
                article_code=row.goods[line.job_id].code,
                description=row.goods[line.job_id].description,
                quantity=line.quantity,
                unit=row.goods[line.job_id].unit,
                location=line.location or None,
                lot=line.lot or None,
                expires_on=line.expires_on,
            )
            for line in row.lines
        ],
        recorded_at=row.recorded_at,
        recorded_by=PersonView.of(row.recorded_by, names),
    )


async def list_locations(
    ports: Ports, actor: Actor, query: PageQuery, warehouse: str | None
) -> Page[LocationView]:
    """List locations by warehouse and code."""
    found = await ports.ledger.list_locations(warehouse, after=query.after(str, str), limit=query.rows)
    names = await ports.lookups.find_all([(Warehouse, code) for code in {each.warehouse for each in found}])
    return page_of(query, found, lambda row: show_location(actor, row, names), _place_of)


def _place_of(row: LocationRow) -> tuple[str, str]:
    return row.warehouse, row.code


def show_location(actor: Actor, row: LocationRow, names: FoundLookups) -> LocationView:
    return LocationView(
        warehouse=named(names, Warehouse, row.warehouse),
        code=row.code,
        put_away=row.put_away,
        actions=actions_on_location(actor, row),
    )


async def read_order(ports: Ports, actor: Actor, order_id: UUID) -> OrderView:
    order = await ports.orders.find_order(order_id)
    if order is None or order.is_account:
        raise Absent("order_absent")
    goods = await ports.orders.sum_goods(list(order.lines))
    codes = {code for line in order.lines.values() for code in line.deliveries}
    codes |= {line.finisher for line in order.lines.values() if line.finisher}
    codes |= {code for _, code in (*goods.in_transit, *goods.with_third_parties)}
    articles = [line.article_id for line in order.lines.values() if line.article_id]
    free = await ports.orders.list_free_stock(articles, await today_of(ports)) if articles else {}
    codes |= {warehouse for warehouse, _ in free}
    codes |= {place.warehouse for place in goods.on_hand} if articles else set()
    found = await ports.lookups.find_all(
        [(kind, code) for code in codes for kind in (Destination, Warehouse)]
    )
    return OrderView(
        id=order.order_id,
        number=order.number,
        brief_id=order.brief_id,
        cancelled_because=order.cancelled_because,
        lines=[_line(actor, order, goods, line, found, free) for line in order.lines.values()],
    )


def _stock(actor: Actor, row: StockRow) -> StockView:
    return StockView(
        warehouse=named(row.lookups, Warehouse, row.warehouse),
        job_id=row.job_id,
        article_code=row.article_code,
        order_id=row.order_id,
        order_number=row.order_number,
        description=row.description,
        unit=row.unit,
        on_hand=row.on_hand,
        reserved=row.reserved,
        held=row.held or None,
        free=row.on_hand - row.reserved - row.held,
        places=[
            PlaceView(
                location=place.location or None,
                lot=place.lot or None,
                expires_on=place.expires_on,
                on_hand=place.quantity,
                held=place.held or None,
            )
            for place in row.places
            if any(each.location or each.lot for each in row.places)
        ],
        actions=actions_on_stock(actor, row),
    )


def _line(
    actor: Actor,
    order: Order,
    goods: Goods,
    line: OrderLine,
    found: FoundLookups,
    free: Mapping[tuple[str, UUID], Decimal],
) -> OrderLineView:
    """Show a line. `free` is the free stock of the articles of lines from stock."""
    left = goods.allocatable(order, line)
    allocatable = {
        warehouse: min(left, quantity)
        for (warehouse, article_id), quantity in sorted(free.items())
        if article_id == line.article_id and min(left, quantity) > 0
    }
    releasable = goods.releasable(order, line)
    return OrderLineView(
        job_id=line.job_id,
        description=line.description,
        unit=line.unit,
        ordered=line.quantity,
        produced=line.produced,
        finished=line.finished if line.produced is None else None,
        received=goods.received_of(line.job_id),
        receivable=goods.receivable(order, line),
        article_id=line.article_id,
        finisher=named(found, Destination, line.finisher) if line.finisher else None,
        may_go_out=_may_go_out(order, goods, line),
        allocatable=_placed(allocatable, found),
        releasable=_placed(releasable, found),
        deliveries=[
            DeliveryView(
                destination=named(found, Destination, code),
                ordered=quantity,
                remaining=goods.remaining(line, code),
            )
            for code, quantity in line.deliveries.items()
        ],
        in_transit=_elsewhere(goods.in_transit, line.job_id, found),
        with_third_parties=_elsewhere(goods.with_third_parties, line.job_id, found),
        actions=actions_on_line(actor, order, goods, line, allocatable, releasable),
    )


def _may_go_out(order: Order, goods: Goods, line: OrderLine) -> Decimal | None:
    if line.finisher is None:
        return None
    return goods.remaining(line, line.finisher) if may_send_out(order, goods, line) else Decimal(0)


def _placed(quantities: Mapping[str, Decimal], found: FoundLookups) -> list[PlacedView]:
    return [
        PlacedView(warehouse=named(found, Warehouse, code), quantity=quantity)
        for code, quantity in quantities.items()
    ]


def _elsewhere(
    quantities: Mapping[tuple[UUID, str], Decimal], job_id: UUID, found: FoundLookups
) -> list[ElsewhereView]:
    """Show quantities elsewhere. A code is a destination's, or a warehouse's if a transfer is on its way
    there."""
    return [
        ElsewhereView(
            destination=named(found, Destination if found.get(Destination, code) else Warehouse, code),
            quantity=quantity,
        )
        for (job, code), quantity in sorted(quantities.items(), key=lambda each: each[0][1])
        if job == job_id
    ]
