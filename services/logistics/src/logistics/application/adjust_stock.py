"""Correct the stock after a count, a breakage or a find."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Invalid

from ..domain.lookups import Warehouse
from ..domain.stock import adjust
from .ports import MovementRow, Ports


async def adjust_stock(
    ports: Ports, actor: Actor, *, warehouse: str, job_id: UUID, quantity: Decimal, reason: str
) -> MovementRow:
    """`quantity` is the signed difference. Raises Absent for an unknown job, WrongState below zero."""
    order = await ports.orders.lock_order_of_job(job_id)
    if order is None:
        raise Absent("job_absent", field="job_id")
    found = await ports.lookups.find_all([(Warehouse, warehouse)])
    if found.get(Warehouse, warehouse) is None:
        raise Invalid("warehouse_unknown", field="warehouse", named=warehouse)
    goods = await ports.orders.sum_goods(order.order_id)
    movement = adjust(
        goods,
        movement_id=ports.new_id(),
        warehouse=warehouse,
        job_id=job_id,
        quantity=quantity,
        reason=reason,
    )
    ports.ledger.insert_movements([movement], gone=goods.gone_after([movement]))
    return MovementRow(movement, order.lines[job_id].unit, ports.now, actor.person_id, found)
