"""An admin gives a phase to a company outside, or takes it back."""

from __future__ import annotations

from uuid import UUID

from ..domain.job import outsourced
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def outsource_phase(ports: Ports, phase_id: UUID, finisher: str | None) -> LockedPhase:
    """The phase keeps its assignee, who follows it up. `finisher`: the code of the company's destination,
    which the warehouse knows; None: the work is done here."""
    found = await phase_to_change(ports, phase_id)
    after = outsourced(found.order_state, found.job, phase_id, finisher)
    save_job_progress(ports, found.order, after)
    return found.with_job(after)
