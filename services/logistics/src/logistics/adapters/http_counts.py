"""Endpoints of counts."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http import Call, Page, Reply, Routes

from ..application.count_stock import cancel_count, count_goods, open_count, post_count
from ..application.ports import CountRow, Ports
from ..application.read import counts
from ..application.read.views import CountView
from .requests import CountGoods, CountsQuery, OpenCount, PostCount

routes = Routes()


@routes.post("/v1/counts", privilege="stock.write", status=201)
async def begin_counting(call: Call[Ports], body: OpenCount) -> Reply[CountView]:
    """Open a count of a warehouse

    A warehouse can have one open count at a time. Goods may move meanwhile.
    """
    row = await open_count(call.ports, call.actor, warehouse=body.warehouse)
    return await _shown(call, row, location=f"/v1/counts/{row.count.count_id}")


@routes.get("/v1/counts", privilege="stock.read")
async def list_counts(call: Call[Ports], query: CountsQuery) -> Page[CountView]:
    """List counts, the newest first"""
    return await counts.list_counts(call.ports, call.actor, query, query.state, query.warehouse)


@routes.get("/v1/counts/{count_id}", privilege="stock.read")
async def read_count(call: Call[Ports], count_id: UUID) -> Reply[CountView]:
    """Read a count"""
    view = await counts.read_count(call.ports, call.actor, count_id)
    return Reply(view, version=view.version)


@routes.post("/v1/counts/{count_id}/lines", privilege="stock.write")
async def count_line(call: Call[Ports], count_id: UUID, body: CountGoods) -> Reply[CountView]:
    """Write down how much was counted of some goods

    The quantity is compared with the ledger at this moment. A new count of the same goods replaces the
    earlier one.
    """
    row = await count_goods(
        call.ports,
        call.actor,
        count_id,
        job_id=body.job_id,
        article=body.article,
        counted=body.counted,
        reason=body.reason,
        location=body.location,
        lot=body.lot,
    )
    return await _shown(call, row)


@routes.post("/v1/counts/{count_id}/posting", privilege="stock.write")
async def post_differences(call: Call[Ports], count_id: UUID, body: PostCount) -> Reply[CountView]:
    """Post the differences of a count to the ledger, once

    If a difference exceeds a twentieth of the stock, somebody who did not count it must post the count.
    """
    return await _shown(call, await post_count(call.ports, call.actor, count_id, reason=body.reason))


@routes.post("/v1/counts/{count_id}/cancellation", privilege="stock.write")
async def give_up(call: Call[Ports], count_id: UUID) -> Reply[CountView]:
    """Cancel a count; the ledger does not change"""
    return await _shown(call, await cancel_count(call.ports, call.actor, count_id))


async def _shown(call: Call[Ports], row: CountRow, location: str | None = None) -> Reply[CountView]:
    view = await counts.show_count(call.ports, call.actor, row)
    return Reply(view, version=view.version, location=location)
