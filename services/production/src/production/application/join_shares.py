"""An admin joins two shares of a phase into one."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.envelope import EventData
from optima_contracts.production import PhaseAssigned, SharesJoined
from optima_contracts.quantities import quantity_text

from ..domain.phase_steps import joined
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def join_shares(ports: Ports, phase_id: UUID, other_id: UUID) -> LockedPhase:
    """Join the shares. Messages about the share that is gone move to the other, for the people they were
    written to. If only the share that is gone had an assignee, they are assigned the other."""
    found = await phase_to_change(ports, phase_id)
    after, phase, gone = joined(found.order_state, found.job, phase_id, other_id)
    named = {"job_id": after.id, "order_id": after.order_id, "phase_id": phase.id, "phase": phase.key}
    joined_shares = SharesJoined(
        **named,
        share_id=gone.id,
        quantity=quantity_text(phase.in_own_unit(phase.share_of(after.item.quantity))),
        unit=phase.unit or after.item.unit,
        assignee_id=phase.assignee_id,
    )
    events: list[EventData] = [joined_shares]
    if phase.assignee_id is not None and found.job.phase(phase.id).assignee_id is None:
        events.append(PhaseAssigned(**named, assignee_id=phase.assignee_id))
    ports.messages.move_messages(gone.id, phase.id)
    save_job_progress(ports, found.order, after, *events)
    return found.with_job(after)
