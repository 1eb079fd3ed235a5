"""React when production assigns a phase: from then on the assignee sees the documents under which its goods
leave."""

from __future__ import annotations

from datetime import datetime

from optima_contracts.production import PhaseAssigned

from .ports import Ports


async def on_phase_assigned(ports: Ports, told: PhaseAssigned, since: datetime) -> None:
    """Record the assignee with the time of the event, so that a late event only affects documents issued
    after it. The order need not be known yet."""
    ports.orders.insert_assignee(told.phase_id, since, told.assignee_id)
