"""An assignee completes a phase."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_contracts.production import PhaseCompleted
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor

from ..domain.phase_steps import completed
from .access import own_task_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def complete_phase(
    ports: Ports,
    actor: Actor,
    phase_id: UUID,
    quantity: Decimal,
    note: str,
    loss_reason: str | None = None,
) -> LockedPhase:
    """Complete the phase. If two requests complete it at once, one succeeds; the other is refused because the
    phase is no longer in progress."""
    found = await own_task_to_change(ports, actor, phase_id)
    after = completed(found.order_state, found.job, phase_id, quantity, note, ports.now, loss_reason)
    phase = after.phase(phase_id)
    event = PhaseCompleted(
        job_id=after.id,
        order_id=after.order_id,
        phase_id=phase_id,
        phase=found.phase.key,
        quantity=str(quantity),
        unit=phase.unit or after.item.unit,
        lost=quantity_text(phase.lost) if phase.lost else None,
        loss_reason=phase.loss_reason,
    )
    save_job_progress(ports, found.order, after, event)
    return found.with_job(after)
