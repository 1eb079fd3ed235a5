"""An admin gives a phase to a company outside, or takes it back."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid

from ..domain.charges import PriceOfWork
from ..domain.job_changes import bought
from ..domain.phase_steps import outsourced
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def outsource_phase(
    ports: Ports, actor: Actor, phase_id: UUID, finisher: str | None, price: PriceOfWork | None = None
) -> LockedPhase:
    """Give the phase to a company, or take it back. It keeps its assignee, who follows up the work.
    `finisher` is the code of the company's destination in the warehouse, or None to do the work here. `price`
    is what the company asks; it becomes a line of the job's cost. Raises Forbidden if the actor may not set
    prices."""
    if price is not None:
        actor.require("job.economics.write")
        if finisher is None:
            raise Invalid("price_without_finisher", field="price")
    found = await phase_to_change(ports, phase_id)
    given = outsourced(found.order_state, found.job, phase_id, finisher)
    after = bought(given, phase_id, found.phase.outside.finisher, price)
    save_job_progress(ports, found.order, after, economics_by=actor.person_id)
    return found.with_job(after)
