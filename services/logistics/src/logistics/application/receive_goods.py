"""Finished goods enter a warehouse."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_contracts.logistics import GoodsReceived
from optima_kit.refusals import Absent, Invalid

from ..domain.lookups import Warehouse
from ..domain.stock import Movement, receive, written
from .ports import Ports


async def receive_goods(ports: Ports, *, warehouse: str, job_id: UUID, quantity: Decimal) -> Movement:
    """Raises Absent for an unknown job, WrongState before it is completed or beyond what it produced."""
    order = await ports.orders.lock_of_job(job_id)
    if order is None:
        raise Absent("job_unknown", field="job_id")
    if await ports.lookups.find(Warehouse, warehouse) is None:
        raise Invalid("unknown_warehouse", field="warehouse", named=warehouse)
    movement = receive(
        order,
        await ports.orders.goods(order.order_id),
        movement_id=ports.new_id(),
        warehouse=warehouse,
        job_id=job_id,
        quantity=quantity,
    )
    ports.ledger.record([movement])
    ports.outbox.add(
        GoodsReceived(
            movement_id=movement.movement_id,
            order_id=order.order_id,
            job_id=job_id,
            warehouse=warehouse,
            quantity=written(quantity),
            unit=order.lines[job_id].unit,
        ),
        subject=movement.movement_id,
        correlation=order.correlation,
    )
    return movement
