"""Production gave a phase to somebody: they see the documents under which its goods go out from now on."""

from __future__ import annotations

from datetime import datetime

from optima_contracts.production import PhaseAssigned

from .ports import Ports


async def on_phase_assigned(ports: Ports, told: PhaseAssigned, since: datetime) -> None:
    """Each word is kept with its time, so that a late one changes nothing but what was issued after it. The
    order need not be known yet."""
    ports.orders.insert_assignee(told.phase_id, since, told.assignee_id)
