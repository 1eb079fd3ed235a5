"""An admin gives a share of a phase to somebody else."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_contracts.envelope import EventData
from optima_contracts.production import PhaseAssigned, PhaseSplit
from optima_contracts.quantities import quantity_text
from optima_kit.ids import new_id

from ..domain.people import assignee_may_work_phases
from ..domain.phase_steps import assigned, split
from .access import phase_to_change
from .ports import LockedPhase, Ports
from .save_job_progress import save_job_progress


async def split_phase(
    ports: Ports, phase_id: UUID, quantity: Decimal, assignee_id: UUID | None
) -> LockedPhase:
    """Split a share off the phase. The assignee keeps the rest, and the other person reads none of the
    messages written to the assignee."""
    found = await phase_to_change(ports, phase_id)
    share_id = new_id()
    after = split(found.order_state, found.job, phase_id, quantity, share_id=share_id)
    named = {"job_id": after.id, "order_id": after.order_id, "phase": found.phase.key}
    events: list[EventData] = [
        PhaseSplit(
            **named,
            phase_id=phase_id,
            share_id=share_id,
            quantity=quantity_text(quantity),
            unit=found.phase.unit or after.item.unit,
            assignee_id=found.phase.assignee_id,
        )
    ]
    if assignee_id is not None:
        assignee_may_work_phases(await ports.directory.find_person(assignee_id))
        after = assigned(found.order_state, after, share_id, assignee_id, replaces=False)
        events.append(PhaseAssigned(**named, phase_id=share_id, assignee_id=assignee_id))
    save_job_progress(ports, found.order, after, *events)
    return found.with_job(after)
