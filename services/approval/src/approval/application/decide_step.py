"""Somebody decides a step."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from optima_kit.actor import Actor

from ..domain import engine
from .attach_evidence import named_evidence
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, running_process
from .recording import record_change


async def decide_step(
    ports: Ports, actor: Actor, approval_id: UUID, decision: engine.Decision, evidence: list[UUID]
) -> StoredApproval:
    """Record a person's decision about a step. If two people decide at the same time, the second decision
    applies to the state that the first has left, or is refused if nothing is left to decide."""
    actor.require("approval.decide")
    stored = await locked_visible_approval(ports, actor, approval_id)
    if evidence:
        documents = await named_evidence(ports, actor, approval_id, evidence)
        decision = replace(decision, evidence=documents)
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.decide(stored.approval, process, decision, ports.now, directory)
    return await record_change(ports, process, stored, result)
