"""Count a warehouse: open the count, record what was counted, and post the differences or cancel it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Invalid, WrongState

from ..domain.counts import Count, CountLine
from ..domain.lookups import Warehouse
from ..domain.orders import Order
from ..domain.places import lot_must_fit
from ..domain.stock import Goods
from .draft_shipment import find_named
from .facts import stock_adjusted
from .keep_locations import locations_must_be_known
from .named_goods import article_named, order_of_goods
from .ports import CountRow, Ports


async def open_count(ports: Ports, actor: Actor, *, warehouse: str) -> CountRow:
    """Open a count. Raises WrongState while another count of the warehouse is open."""
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    count = Count(ports.new_id(), warehouse)
    if not await ports.counts.insert_count(count):
        raise WrongState("count_open_already", field="warehouse")
    return CountRow(count, ports.now, actor.person_id, None, None, {}, found)


async def count_goods(
    ports: Ports,
    actor: Actor,
    count_id: UUID,
    *,
    job_id: UUID | None,
    article: str | None,
    counted: Decimal,
    reason: str | None,
    location: str | None = None,
    lot: str | None = None,
) -> CountRow:
    """Count the goods of a job, or an article by its code or a barcode. The ledger is read under the lock of
    the goods' order, so that the expected quantity is right even if goods move at the same time. `location`
    and `lot` may be omitted if all the goods lie in one place."""
    row = await _count_to_change(ports, count_id)
    counted_id = job_id
    if counted_id is None:
        if article is None:
            raise Invalid("goods_not_named", field="article")
        found, scan = await article_named(ports, article, field="article")
        counted_id, lot = found.article_id, lot if lot is not None else scan.lot
    order = await order_of_goods(ports, counted_id)
    goods = await ports.orders.sum_goods([counted_id])
    place = goods.place_named(row.count.warehouse, counted_id, location, lot)
    if place not in goods.on_hand:
        lot_must_fit(order.lines[counted_id].tracked, place.lot, field="lot")
        await locations_must_be_known(ports, place.warehouse, {"location": place.location})
    line = CountLine(
        counted_id,
        goods.at(place),
        counted,
        ports.now,
        actor.person_id,
        reason,
        place.location,
        place.lot,
    )
    count = row.count.count(line)
    ports.counts.update_count(count, counted=line)
    return replace(row, count=count, goods={**row.goods, **order.goods})


async def post_count(ports: Ports, actor: Actor, count_id: UUID, *, reason: str | None) -> CountRow:
    """Post the count. Each difference enters the ledger once, even if the request is repeated."""
    row = await _count_to_change(ports, count_id)
    posted = row.count.post(actor.person_id, reason)
    orders: dict[UUID, Order] = {}
    goods: dict[UUID, Goods] = {}
    jobs = [line.job_id for line in posted.lines if line.difference]
    for order in await ports.orders.lock_orders_of_jobs(jobs):
        sums = await ports.orders.sum_goods(list(order.lines))
        orders |= dict.fromkeys(order.lines, order)
        goods |= dict.fromkeys(order.lines, sums)
    movements = posted.movements(ports.new_id, orders, goods)
    gone = {job_id for job_id, sums in goods.items() if job_id in sums.gone_after(movements)}
    ports.counts.update_count(posted)
    if movements:
        ports.ledger.insert_movements(movements, gone=gone)
    for movement in movements:
        order = orders[movement.job_id]
        fact = stock_adjusted(movement, order.order_id, order.lines[movement.job_id].unit)
        ports.outbox.add(fact, subject=movement.movement_id, correlation=order.correlation(movement.job_id))
    return replace(row, count=posted, ended_at=ports.now, ended_by=actor.person_id)


async def cancel_count(ports: Ports, actor: Actor, count_id: UUID) -> CountRow:
    row = await _count_to_change(ports, count_id)
    cancelled = row.count.cancel()
    ports.counts.update_count(cancelled)
    return replace(row, count=cancelled, ended_at=ports.now, ended_by=actor.person_id)


async def _count_to_change(ports: Ports, count_id: UUID) -> CountRow:
    row = await ports.counts.lock_count(count_id)
    if row is None:
        raise Absent("count_absent")
    return row
