"""React when production finishes a job: the produced quantity may enter the warehouse."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import JobCompleted
from optima_kit.refusals import NotYet

from .ports import Ports


async def on_job_completed(ports: Ports, completed: JobCompleted) -> None:
    """Store the produced quantity. A duplicate event changes nothing. Waits until the order is known."""
    quantity = Decimal(completed.quantity)
    if not await ports.orders.update_produced(completed.order_id, completed.job_id, quantity):
        raise NotYet(f"order {completed.order_id} is not known yet")
