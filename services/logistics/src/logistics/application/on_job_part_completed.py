"""React when production finishes a part of a job: that part may enter the warehouse while the rest is being
made."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import JobPartCompleted
from optima_kit.refusals import NotYet

from .ports import Ports


async def on_job_part_completed(ports: Ports, part: JobPartCompleted) -> None:
    """Store the finished quantity. The event states the total, so a duplicate or late one changes nothing.
    Waits until the order is known."""
    quantity = Decimal(part.quantity)
    if not await ports.orders.update_finished(part.order_id, part.job_id, quantity):
        raise NotYet(f"order {part.order_id} is not known yet")
