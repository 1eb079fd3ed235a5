"""A person withdraws their decision, as long as the step still waits."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain import engine
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, running_process
from .recording import record_change


async def withdraw_decision(
    ports: Ports, actor: Actor, approval_id: UUID, step: str, on_behalf_of: UUID | None
) -> StoredApproval:
    """Withdraw a decision of the actor's own part or, with `on_behalf_of`, of another person's. Documents
    that belonged to the decision stay in the history."""
    actor.require("approval.decide")
    stored = await locked_visible_approval(ports, actor, approval_id)
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    whose = on_behalf_of or actor.person_id
    result = engine.withdraw_decision(
        stored.approval, process, step, whose, actor.person_id, ports.now, directory
    )
    return await record_change(ports, process, stored, result)
