"""An approver or an admin revokes an approval after its end, so that what was approved does not go on."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain import engine
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, running_process
from .recording import record_change


async def revoke_approval(ports: Ports, actor: Actor, approval_id: UUID, reason: str) -> StoredApproval:
    actor.require("approval.decide")
    stored = await locked_visible_approval(ports, actor, approval_id)
    process = await running_process(ports, stored.approval)
    result = engine.revoke(
        stored.approval,
        process,
        actor.person_id,
        reason,
        ports.now,
        await ports.directories.read(),
        administers=actor.may("approval.administer"),
    )
    return await record_change(ports, process, stored, result)
