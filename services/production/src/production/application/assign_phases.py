"""An admin assigns several phases to a person at once. Each assignment succeeds or is refused by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from optima_kit.refusals import Refusal

from .assign_phase import assign_phase
from .ports import LockedPhase, Ports


@dataclass(frozen=True, slots=True)
class AssignmentResult:
    """The phase after its assignment, or why it was not assigned."""

    phase_id: UUID
    found: LockedPhase | None
    refusal: Refusal | None = None


async def assign_phases(ports: Ports, phase_ids: Sequence[UUID], assignee_id: UUID) -> list[AssignmentResult]:
    """Assign phases, and return the results in the order of `phase_ids`. The phases are locked by order id,
    so that two people who assign at once can't deadlock. A refusal comes before anything is written."""
    results: dict[UUID, AssignmentResult] = {}
    orders = await ports.orders.list_orders_of_phases(phase_ids)
    for phase_id in sorted(set(phase_ids), key=lambda id_: (orders.get(id_, id_), id_)):
        try:
            found = await assign_phase(ports, phase_id, assignee_id)
            results[phase_id] = AssignmentResult(phase_id, found)
        except Refusal as refusal:
            results[phase_id] = AssignmentResult(phase_id, None, refusal)
    return [results[phase_id] for phase_id in phase_ids]
