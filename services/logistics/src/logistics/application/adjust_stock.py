"""Set the stock right after a count, a breakage or a find."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.lookups import Warehouse
from ..domain.stock import Difference, adjust
from .draft_shipment import find_named
from .facts import stock_adjusted
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
) -> MovementRow:
    """Raises Absent for an unknown job, WrongState below zero and beyond what can have been made."""
    order = await ports.orders.lock_order_of_job(job_id)
    if order is None:
        raise Absent("job_absent", field="job_id")
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    goods = await ports.orders.sum_goods(order.order_id, [job_id])
    movement = adjust(
        order,
        goods,
        movement_id=ports.new_id(),
        warehouse=warehouse,
        job_id=job_id,
        kind=kind,
        quantity=quantity,
        reason=reason,
    )
    unit = order.lines[job_id].unit
    ports.ledger.insert_movements([movement], gone=goods.gone_after([movement]))
    ports.outbox.add(
        stock_adjusted(movement, order.order_id, unit),
        subject=movement.movement_id,
        correlation=order.correlation(job_id),
    )
    return MovementRow(movement, unit, ports.now, actor.person_id, found)
