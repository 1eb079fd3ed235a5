"""People change by hand who decides a step: an admin reassigns a part, or an approver adds another one."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain import engine
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, running_process
from .recording import record_change


async def reassign_part(
    ports: Ports,
    actor: Actor,
    approval_id: UUID,
    step: str,
    from_person: UUID,
    to_person: UUID,
    reason: str | None,
) -> StoredApproval:
    actor.require("approval.administer")
    stored = await locked_visible_approval(ports, actor, approval_id)
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.reassign(
        stored.approval, process, step, from_person, to_person, actor.person_id, reason, ports.now, directory
    )
    return await record_change(ports, process, stored, result)


async def add_approver(
    ports: Ports, actor: Actor, approval_id: UUID, step: str, person: UUID, reason: str | None
) -> StoredApproval:
    actor.require("approval.decide")
    stored = await locked_visible_approval(ports, actor, approval_id)
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.add_approver(
        stored.approval,
        process,
        step,
        person,
        actor.person_id,
        reason,
        ports.now,
        directory,
        administers=actor.may("approval.administer"),
    )
    return await record_change(ports, process, stored, result)
