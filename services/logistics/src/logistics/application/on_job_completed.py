"""Production finished a job: as much as it produced may enter the warehouse."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import JobCompleted
from optima_kit.refusals import NotYet

from .ports import Ports


async def on_job_completed(ports: Ports, completed: JobCompleted) -> None:
    """A duplicate changes nothing. Waits for the order, if that is not known yet."""
    quantity = Decimal(completed.quantity)
    if not await ports.orders.update_produced(completed.order_id, completed.job_id, quantity):
        raise NotYet(f"order {completed.order_id} is not known yet")
