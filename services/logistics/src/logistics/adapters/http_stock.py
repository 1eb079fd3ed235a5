"""Endpoints of the warehouse ledger, and of what is still to be shipped of orders."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from optima_kit.http import Call, Page, Routes

from ..application.adjust_stock import adjust_stock
from ..application.allocate_goods import allocate_goods, release_goods
from ..application.keep_locations import add_locations, keep_put_away, remove_location
from ..application.ports import FoundLookups, LocationRow, MovementFilter, MovementRow, Ports, StockFilter
from ..application.read import stock
from ..application.read.views import LocationsView, LocationView, MovementView, OrderView, StockView
from ..application.receive_goods import receive_goods
from ..application.relocate_goods import relocate_goods
from .requests import (
    AddLocations,
    AdjustStock,
    AllocateGoods,
    LocationsQuery,
    MovementsQuery,
    PutAway,
    ReceiveGoods,
    ReleaseGoods,
    RelocateGoods,
    StockQuery,
)

routes = Routes()


@routes.post("/v1/receipts", privilege="stock.write", status=201)
async def receive(call: Call[Ports], body: ReceiveGoods) -> MovementView:
    """Receive finished goods of a job into a warehouse

    At most as much as the job has finished so far.
    """
    return _recorded(
        call,
        await receive_goods(
            call.ports,
            call.actor,
            warehouse=body.warehouse,
            job_id=body.job_id,
            quantity=body.quantity,
            location=body.location,
            hold_reason=body.hold_reason,
        ),
    )


@routes.post("/v1/allocations", privilege="stock.write", status=201)
async def allocate(call: Call[Ports], body: AllocateGoods) -> MovementView:
    """Set goods of an article aside for a line of an order that is taken from stock

    Goods that are free when the order is confirmed are set aside at once; this is for goods that come later.
    """
    movement = await allocate_goods(
        call.ports, call.actor, warehouse=body.warehouse, job_id=body.job_id, quantity=body.quantity
    )
    return _recorded(call, movement)


@routes.post("/v1/releases", privilege="stock.write", status=201)
async def release(call: Call[Ports], body: ReleaseGoods) -> MovementView:
    """Give goods back to their article if the line that they were set aside for is closed or cancelled"""
    movement = await release_goods(
        call.ports, call.actor, warehouse=body.warehouse, job_id=body.job_id, quantity=body.quantity
    )
    return _recorded(call, movement)


@routes.post("/v1/adjustments", privilege="stock.write", status=201)
async def adjust(call: Call[Ports], body: AdjustStock) -> MovementView:
    """Adjust the stock for goods that were found, are missing or were damaged

    Stock never falls below zero. Finds may exceed what production made or suppliers sent by at most a tenth.
    """
    movement = await adjust_stock(
        call.ports,
        call.actor,
        warehouse=body.warehouse,
        job_id=body.job_id,
        kind=body.difference,
        quantity=body.quantity,
        reason=body.reason,
        location=body.location,
        lot=body.lot,
    )
    return _recorded(call, movement)


@routes.post("/v1/relocations", privilege="stock.write", status=201)
async def relocate(call: Call[Ports], body: RelocateGoods) -> MovementView:
    """Move goods from one location of a warehouse to another

    Goods that are held back or were picked by name are not moved. With `held`, goods that are held back are
    moved instead, and stay held back.
    """
    movement = await relocate_goods(
        call.ports,
        call.actor,
        warehouse=body.warehouse,
        job_id=body.job_id,
        quantity=body.quantity,
        from_location=body.from_location,
        lot=body.lot,
        to_location=body.to_location,
        held=body.held,
    )
    return _recorded(call, movement)


@routes.post("/v1/locations", privilege="lookup.write", status=201)
async def add(call: Call[Ports], body: AddLocations) -> LocationsView:
    """Add locations to a warehouse; those that it has already stay"""
    rows, names = await add_locations(call.ports, warehouse=body.warehouse, codes=body.codes)
    return _located(call, rows, names)


@routes.get("/v1/locations", privilege="lookup.read")
async def list_locations(call: Call[Ports], query: LocationsQuery) -> Page[LocationView]:
    """List the locations of warehouses by code"""
    return await stock.list_locations(call.ports, call.actor, query, query.warehouse)


@routes.delete("/v1/locations/{warehouse}/{code}", privilege="lookup.write")
async def remove(call: Call[Ports], warehouse: str, code: str) -> None:
    """Remove a location in which nothing lies

    It is refused if goods that left the location may still come back there, or if goods are being counted
    there.
    """
    await remove_location(call.ports, warehouse=warehouse, code=code)


@routes.put("/v1/put-away/{warehouse}", privilege="lookup.write")
async def put_away(call: Call[Ports], warehouse: str, body: PutAway) -> LocationsView:
    """Set the location for goods that come into a warehouse, if nobody names another

    It applies to goods that are received, sent back by a customer, or come from another warehouse.
    """
    rows, names = await keep_put_away(call.ports, warehouse=warehouse, location=body.location)
    return _located(call, rows, names)


@routes.get("/v1/stock", privilege="stock.read")
async def list_stock(call: Call[Ports], query: StockQuery) -> Page[StockView]:
    """List the stock by job or article and by warehouse, newest first"""
    filters = StockFilter(query.warehouse, query.job_id, query.order_id, query.articles)
    return await stock.list_stock(call.ports, call.actor, query, filters)


@routes.get("/v1/movements", privilege="stock.read")
async def list_movements(call: Call[Ports], query: MovementsQuery) -> Page[MovementView]:
    """List the movements of the warehouse ledger, newest first"""
    filters = MovementFilter(query.warehouse, query.job_id, query.shipment_id)
    return await stock.list_movements(call.ports, query, filters)


@routes.get("/v1/orders/{order_id}", privilege="shipment.read")
async def read_order(call: Call[Ports], order_id: UUID) -> OrderView:
    """Read what of an order was received and what remains to be shipped"""
    return await stock.read_order(call.ports, call.actor, order_id)


def _located(call: Call[Ports], rows: Sequence[LocationRow], names: FoundLookups) -> LocationsView:
    return LocationsView(locations=[stock.show_location(call.actor, row, names) for row in rows])


def _recorded(call: Call[Ports], row: MovementRow) -> MovementView:
    return stock.show_movement(row, {call.actor.person_id: call.actor.name})
