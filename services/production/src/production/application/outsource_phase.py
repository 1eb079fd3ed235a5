"""An admin gives a phase to a company outside, or takes it back."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid

from ..domain.charges import PriceOfWork
from ..domain.job import bought, outsourced
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def outsource_phase(
    ports: Ports, actor: Actor, phase_id: UUID, finisher: str | None, price: PriceOfWork | None = None
) -> LockedPhase:
    """The phase keeps its assignee, who follows it up. `finisher`: the code of the company's destination,
    which the warehouse knows; None: the work is done here. `price`: what the company asks, which becomes a
    line of the job's cost; Forbidden for who may not set that."""
    if price is not None:
        actor.require("job.economics.write")
        if finisher is None:
            raise Invalid("price_without_finisher", field="price")
    found = await phase_to_change(ports, phase_id)
    given = outsourced(found.order_state, found.job, phase_id, finisher)
    after = bought(given, phase_id, found.phase.outside.finisher, price)
    save_job_progress(ports, found.order, after, economics_by=actor.person_id)
    return found.with_job(after)
