"""React when the warehouse sets goods aside for a line from stock: with the last of them, the line is
done."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.logistics import GoodsAllocated

from ..domain.job_changes import with_goods_allocated
from .advance_order import advance_order
from .ports import Ports


async def on_goods_allocated(ports: Ports, event: GoodsAllocated) -> None:
    """Update the line. The event states the total, so duplicate or late ones change nothing. The order is
    known here, because the warehouse learned of it from this service."""
    before = await ports.orders.lock_order(event.order_id)
    assert before is not None
    job = before.job(event.job_id)
    after = with_goods_allocated(job, Decimal(event.allocated))
    if after is not job:
        ports.orders.update_order(before, advance_order(ports, before.with_jobs(after)))
