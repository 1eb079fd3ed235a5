"""Production finished a part of a job: so much may enter the warehouse while the rest is being made."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import JobPartCompleted
from optima_kit.refusals import NotYet

from .ports import Ports


async def on_job_part_completed(ports: Ports, part: JobPartCompleted) -> None:
    """It says how much there is in all: a duplicate or a late one changes nothing. Waits for the order, if
    that is not known yet."""
    quantity = Decimal(part.quantity)
    if not await ports.orders.update_finished(part.order_id, part.job_id, quantity):
        raise NotYet(f"order {part.order_id} is not known yet")
