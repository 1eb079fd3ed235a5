"""Correct the stock after a breakage or a find, or because goods are missing."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor

from ..domain.lookups import Warehouse
from ..domain.orders import Order
from ..domain.stock import Difference, Goods, Movement, adjust
from .draft_shipment import find_named
from .facts import stock_adjusted
from .keep_locations import locations_must_be_known
from .named_goods import order_of_goods
from .ports import MovementRow, Ports


async def adjust_stock(
    ports: Ports,
    actor: Actor,
    *,
    warehouse: str,
    job_id: UUID,
    kind: Difference,
    quantity: Decimal,
    reason: str,
    location: str | None = None,
    lot: str | None = None,
) -> MovementRow:
    """Record goods that were found, are missing or were damaged. `location` and `lot` may be omitted if all
    the goods lie in one place. Raises Absent for an unknown job, WrongState if stock would fall below zero or
    more would be found than can have been made."""
    order = await order_of_goods(ports, job_id)
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    goods = await ports.orders.sum_goods([job_id])
    place = goods.place_named(warehouse, job_id, location, lot)
    await locations_must_be_known(ports, warehouse, {"location": place.location})
    movement = adjust(
        order,
        goods,
        movement_id=ports.new_id(),
        place=place,
        kind=kind,
        quantity=quantity,
        reason=reason,
    )
    record_difference(ports, order, goods, movement)
    return MovementRow(movement, order.lines[job_id].unit, ports.now, actor.person_id, found)


def record_difference(ports: Ports, order: Order, goods: Goods, movement: Movement) -> None:
    """Write the difference into the ledger and publish it. `goods` are as they were before."""
    ports.ledger.insert_movements([movement], gone=goods.gone_after([movement]))
    told = stock_adjusted(movement, order.order_id, order.lines[movement.job_id].unit)
    correlation = order.correlation(movement.job_id)
    ports.outbox.add(told, subject=movement.movement_id, correlation=correlation)
