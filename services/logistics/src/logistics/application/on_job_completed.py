"""Production finished a job: as much as it produced may enter the warehouse."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import JobCompleted
from optima_kit.refusals import NotYet

from .ports import Ports


async def on_job_completed(ports: Ports, completed: JobCompleted) -> None:
    """A duplicate changes nothing. Waits for the order, if that is not known yet."""
    order = await ports.orders.lock(completed.order_id)
    if order is None or completed.job_id not in order.lines:
        raise NotYet(f"order {completed.order_id} is not known yet")
    await ports.orders.set_produced(completed.job_id, Decimal(completed.quantity))
