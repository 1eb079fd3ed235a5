"""Endpoints of goods that are held back for their quality."""

from __future__ import annotations

from optima_kit.http import Call, Page, Routes

from ..application.hold_goods import end_hold_of, hold_goods
from ..application.ports import HoldRow, Ports
from ..application.read import stock
from ..application.read.views import HoldView
from .requests import EndHold, HoldGoods, HoldsQuery

routes = Routes()


@routes.post("/v1/holds", privilege="stock.write", status=201)
async def hold(call: Call[Ports], body: HoldGoods) -> HoldView:
    """Hold goods back in a warehouse, for their quality

    At most what is free there can be held back. The goods are neither reserved nor shipped until they are
    released or scrapped.
    """
    row = await hold_goods(
        call.ports,
        call.actor,
        warehouse=body.warehouse,
        job_id=body.job_id,
        quantity=body.quantity,
        reason=body.reason,
        location=body.location,
        lot=body.lot,
    )
    return _recorded(call, row)


@routes.post("/v1/hold-endings", privilege="stock.write", status=201)
async def end_hold(call: Call[Ports], body: EndHold) -> HoldView:
    """Release goods that are held back, or scrap them

    Scrapped goods are written off the stock as damaged.
    """
    row = await end_hold_of(
        call.ports,
        call.actor,
        warehouse=body.warehouse,
        job_id=body.job_id,
        ending=body.ending,
        quantity=body.quantity,
        reason=body.reason,
        location=body.location,
        lot=body.lot,
    )
    return _recorded(call, row)


@routes.get("/v1/holds", privilege="stock.read")
async def list_holds(call: Call[Ports], query: HoldsQuery) -> Page[HoldView]:
    """List what was held back, released and scrapped, newest first"""
    return await stock.list_holds(call.ports, query, query.warehouse, query.job_id)


def _recorded(call: Call[Ports], row: HoldRow) -> HoldView:
    return stock.show_hold(row, {call.actor.person_id: call.actor.name})
