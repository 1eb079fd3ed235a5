"""The requester withdraws their request for approval."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain import engine
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, running_process
from .recording import record_change


async def recall_approval(
    ports: Ports, actor: Actor, approval_id: UUID, reason: str | None
) -> StoredApproval:
    stored = await locked_visible_approval(ports, actor, approval_id)
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.recall(stored.approval, process, actor.person_id, reason, ports.now, directory)
    return await record_change(ports, process, stored, result)
