"""Set goods of an article aside for an order's line from stock, or release what the line no longer needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_contracts.logistics import GoodsAllocated, GoodsReleased
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor
from optima_kit.refusals import Absent, WrongState

from ..domain.lookups import Warehouse
from ..domain.orders import Order, OrderLine
from ..domain.places import Pick
from ..domain.stock import Goods, Movement, allocation, must_be_allocatable, must_be_releasable
from .days import today_of
from .draft_shipment import find_named
from .ports import MovementRow, Ports


async def allocate_goods(
    ports: Ports, actor: Actor, *, warehouse: str, job_id: UUID, quantity: Decimal
) -> MovementRow:
    """Set goods aside for a line. Raises Absent for an unknown job, WrongState beyond what was ordered or is
    free."""
    order, line, account = await _line_to_change(ports, job_id)
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    goods = await ports.orders.sum_goods([job_id])
    stock = await _stock_of(ports, account, line)
    must_be_allocatable(order, line, goods, stock, warehouse, quantity)
    assert line.article_id is not None
    picks = stock.take(warehouse, line.article_id, quantity, await today_of(ports))
    if (there := sum((pick.quantity for pick in picks), Decimal(0))) < quantity:
        raise WrongState("goods_expired_or_picked", field="quantity", left=there)
    movement = _record(ports, order, line, goods, stock, warehouse, picks)
    return MovementRow(movement, line.unit, ports.now, actor.person_id, found)


async def release_goods(
    ports: Ports, actor: Actor, *, warehouse: str, job_id: UUID, quantity: Decimal
) -> MovementRow:
    """Give goods back to the article. Raises Absent for an unknown job, WrongState while the line is open or
    if shipments hold the goods."""
    order, line, account = await _line_to_change(ports, job_id)
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    goods = await ports.orders.sum_goods([job_id])
    must_be_releasable(order, line, goods, warehouse, quantity)
    stock = await _stock_of(ports, account, line)
    picks = goods.take(warehouse, job_id, quantity, date.min)
    movement = _record(ports, order, line, goods, stock, warehouse, picks, back=True)
    return MovementRow(movement, line.unit, ports.now, actor.person_id, found)


async def allocate_what_is_free(ports: Ports, order: Order) -> None:
    """Set aside what is free for the lines from stock of an order that has just been confirmed, from the
    warehouse with the most first. The warehouse sets the rest aside once it comes."""
    wanted = [line for line in order.lines.values() if line.article_id is not None]
    if not wanted or order.cancelled:
        return
    today = await today_of(ports)
    for account in await ports.orders.lock_accounts_of_order(order.order_id):
        stock = await ports.orders.sum_goods(list(account.lines))
        for line in wanted:
            if line.article_id in account.lines:
                stock = _allocate(ports, order, line, stock, today)


async def release_what_is_left(ports: Ports, order: Order, accounts: Sequence[Order]) -> None:
    """Give back what cancelled or closed lines no longer need. Call it under the lock of the accounts that
    the order's lines are taken from."""
    for line in order.lines.values():
        if line.article_id is None or not (order.cancelled or line.closed):
            continue
        goods = await ports.orders.sum_goods([line.job_id])
        account = next(each for each in accounts if line.article_id in each.lines)
        stock = await _stock_of(ports, account, line)
        for warehouse, quantity in sorted(goods.releasable(order, line).items()):
            for pick in goods.take(warehouse, line.job_id, quantity, date.min):
                movement = _record(ports, order, line, goods, stock, warehouse, [pick], back=True)
                goods, stock = goods.after(movement), _stock_after(stock, line, movement)


def _allocate(ports: Ports, order: Order, line: OrderLine, stock: Goods, today: date) -> Goods:
    """Set stock aside for one line and return the stock that is left."""
    assert line.article_id is not None
    goods, left = Goods(), line.quantity
    warehouses = stock.warehouses_of(line.article_id)
    free = {warehouse: stock.free(warehouse, line.article_id) for warehouse in warehouses}
    for warehouse, there in sorted(free.items(), key=lambda each: (-each[1], each[0])):
        for pick in stock.take(warehouse, line.article_id, min(there, left), today):
            movement = _record(ports, order, line, goods, stock, warehouse, [pick])
            goods, stock = goods.after(movement), _stock_after(stock, line, movement)
            left -= pick.quantity
    return stock


def _stock_after(stock: Goods, line: OrderLine, of_line: Movement) -> Goods:
    assert line.article_id is not None
    return stock.after(replace(of_line, job_id=line.article_id, quantity=-of_line.quantity))


def _record(
    ports: Ports,
    order: Order,
    line: OrderLine,
    goods: Goods,
    stock: Goods,
    warehouse: str,
    picks: Sequence[Pick],
    *,
    back: bool = False,
) -> Movement:
    """Write both movements of each pick and publish them as one event. Returns the first movement of the
    line, with the quantity of all."""
    pairs = [allocation(line, pick, warehouse, ports.new_id, back=back) for pick in picks]
    of_line, of_article = [one for one, _ in pairs], [other for _, other in pairs]
    gone = goods.gone_after(of_line) | stock.gone_after(of_article)
    ports.ledger.insert_movements([*of_article, *of_line], gone=gone)
    change = sum((each.quantity for each in of_line), Decimal(0))
    fact = GoodsReleased if back else GoodsAllocated
    told = fact(
        movement_id=of_line[0].movement_id,
        order_id=order.order_id,
        brief_id=order.brief_id,
        job_id=line.job_id,
        article_id=of_article[0].job_id,
        article_code=line.code or "",
        warehouse=warehouse,
        quantity=quantity_text(abs(change)),
        unit=line.unit,
        allocated=quantity_text(max(goods.received_of(line.job_id) + change, Decimal(0))),
    )
    ports.outbox.add(told, subject=of_line[0].movement_id, correlation=order.correlation(line.job_id))
    return replace(of_line[0], quantity=change)


async def _line_to_change(ports: Ports, job_id: UUID) -> tuple[Order, OrderLine, Order]:
    """Lock and return the order of a job, its line, and the account that the line is taken from. The account
    is locked first."""
    article_id = await ports.orders.find_article_of_line(job_id)
    locked = await ports.orders.lock_orders_of_jobs([job_id, *([article_id] if article_id else [])])
    order = next((each for each in locked if job_id in each.lines and not each.is_account), None)
    if order is None:
        raise Absent("job_absent", field="job_id")
    if article_id is None:
        raise WrongState("line_not_from_stock", field="job_id")
    account = next(each for each in locked if each.is_account)
    return order, order.lines[job_id], account


async def _stock_of(ports: Ports, account: Order, line: OrderLine) -> Goods:
    assert line.article_id is not None
    return await ports.orders.sum_goods([line.article_id])
