"""A person hands their part in a step to another person."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain import engine
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, running_process
from .recording import record_change


async def forward_part(
    ports: Ports, actor: Actor, approval_id: UUID, step: str, to_person: UUID, reason: str | None
) -> StoredApproval:
    actor.require("approval.decide")
    stored = await locked_visible_approval(ports, actor, approval_id)
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.forward(
        stored.approval, process, step, actor.person_id, to_person, reason, ports.now, directory
    )
    return await record_change(ports, process, stored, result)
