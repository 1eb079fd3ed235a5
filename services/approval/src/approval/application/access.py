"""Whose concern an approval is. What is nobody's concern is absent, exactly as if it did not exist."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.approval import Approval
from ..domain.directory import Directory
from ..domain.process import Process
from .ports import Held, Ports


async def visible_approval(ports: Ports, actor: Actor, approval_id: UUID) -> Held:
    return await _if_visible(ports, actor, await ports.approvals.find(approval_id))


async def locked_visible_approval(ports: Ports, actor: Actor, approval_id: UUID) -> Held:
    return await _if_visible(ports, actor, await ports.approvals.lock(approval_id))


async def _if_visible(ports: Ports, actor: Actor, held: Held | None) -> Held:
    """To who reads all, asked for it, was ever asked about it, or now stands in for somebody asked."""
    if held is None:
        raise Absent("approval_absent")
    if actor.may("approval.read_all") or await ports.approvals.concerns(held.approval.id, actor.person_id):
        return held
    process = await pinned_process(ports, held.approval)
    if process is not None and stands_in(
        await ports.directories.read(), process, held.approval, actor, ports
    ):
        return held
    raise Absent("approval_absent")


async def pinned_process(ports: Ports, approval: Approval) -> Process | None:
    """The version that the approval follows; None for one that never opened."""
    return await ports.processes.version(approval.process_key, approval.process_version)


async def running_process(ports: Ports, approval: Approval) -> Process:
    process = await pinned_process(ports, approval)
    assert process is not None, "an approval that opened has a published version"
    return process


def stands_in(directory: Directory, process: Process, approval: Approval, actor: Actor, ports: Ports) -> bool:
    """Whether the actor may now act for somebody whom a pending step asks."""
    amount = process.subject.amount(approval.content)
    delegators = directory.delegators(actor.person_id, process.key, amount, ports.now)
    return actor.person_id != approval.requester and any(
        part.state == "requested" and part.person in delegators
        for run in approval.steps.values()
        if run.state == "pending"
        for part in run.parts.values()
    )


def hidden_fields(
    directory: Directory, process: Process, approval: Approval, actor: Actor, ports: Ports
) -> set[str]:
    """Top-level fields that the actor may not see: protected ones, unless they hold the privilege or are
    asked, for themselves or for somebody else, by a step that shows them."""
    amount = process.subject.amount(approval.content)
    delegators = directory.delegators(actor.person_id, process.key, amount, ports.now)
    shown = {
        name
        for key, step in process.steps.items()
        for person, part in approval.steps[key].parts.items()
        if person == actor.person_id or (person in delegators and part.state == "requested")
        for name in step.shows
    }
    protected = process.subject.protected_fields()
    return {name for name, privilege in protected.items() if not actor.may(privilege) and name not in shown}
