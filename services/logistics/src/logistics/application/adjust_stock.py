"""Stock is set right after a count, a breakage or a find."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Absent, Invalid

from ..domain.lookups import Warehouse
from ..domain.stock import Movement, adjust
from .ports import Ports


async def adjust_stock(
    ports: Ports, *, warehouse: str, job_id: UUID, quantity: Decimal, reason: str
) -> Movement:
    """`quantity` is the signed difference. Raises Absent for an unknown job, WrongState below zero."""
    order = await ports.orders.lock_of_job(job_id)
    if order is None:
        raise Absent("job_unknown", field="job_id")
    if await ports.lookups.find(Warehouse, warehouse) is None:
        raise Invalid("unknown_warehouse", field="warehouse", named=warehouse)
    goods = await ports.orders.goods(order.order_id)
    movement = adjust(
        goods,
        movement_id=ports.new_id(),
        warehouse=warehouse,
        job_id=job_id,
        quantity=quantity,
        reason=reason,
    )
    ports.ledger.record([movement], gone=goods.gone_after([movement]))
    return movement
