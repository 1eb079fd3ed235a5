"""The warehouse set goods aside for a line from stock: with the last of them, the line is done."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.logistics import GoodsAllocated

from ..domain.job import with_goods_allocated
from .advance_order import advance_order
from .ports import Ports


async def on_goods_allocated(ports: Ports, event: GoodsAllocated) -> None:
    """Duplicates and late ones change nothing: the sum says how much there is in all. The order is known,
    since the warehouse heard of it from here."""
    before = await ports.orders.lock_order(event.order_id)
    assert before is not None
    job = before.job(event.job_id)
    after = with_goods_allocated(job, Decimal(event.allocated))
    if after is not job:
        ports.orders.update_order(before, advance_order(ports, before.with_jobs(after)))
