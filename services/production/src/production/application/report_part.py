"""An assignee hands in a part of a phase, and goes on with the rest."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_contracts.production import PhasePartReported
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor

from ..domain.phase_steps import reported
from .access import own_task_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def report_part(ports: Ports, actor: Actor, phase_id: UUID, quantity: Decimal) -> LockedPhase:
    """Hand in a part. A following phase that may begin on parts can then be started."""
    found = await own_task_to_change(ports, actor, phase_id)
    after = reported(found.order_state, found.job, phase_id, quantity)
    phase = after.phase(phase_id)
    event = PhasePartReported(
        job_id=after.id,
        order_id=after.order_id,
        phase_id=phase_id,
        phase=phase.key,
        quantity=quantity_text(quantity),
        made_so_far=quantity_text(phase.made_so_far or quantity),
        unit=phase.unit or after.item.unit,
    )
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after)
