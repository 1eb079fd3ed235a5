"""What people may look up."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from .access import visible_approval
from .ports import (
    ApprovalFilter,
    Draft,
    Held,
    InboxCount,
    InboxFilter,
    InboxPlace,
    Listed,
    Ports,
    PublishedVersion,
    StoredDelegation,
    Told,
    Waiting,
)


async def read_process(ports: Ports, key: str) -> Draft:
    draft = await ports.processes.find(key)
    if draft is None:
        raise Absent("process_absent")
    return draft


async def read_version(ports: Ports, key: str, number: int) -> PublishedVersion:
    version = await ports.processes.published(key, number)
    if version is None:
        raise Absent("process_absent")
    return version


async def list_approvals(
    ports: Ports,
    actor: Actor,
    subject_id: UUID | None,
    state: str | None,
    process: str | None,
    text: str | None,
    before: UUID | None,
    limit: int,
) -> list[Listed]:
    """All, to who reads all; to others those that concern them."""
    concerned = None if actor.may("approval.read_all") else actor.person_id
    return await ports.approvals.page(
        ApprovalFilter(subject_id, state, process, text, concerned), before, limit
    )


async def read_approval(ports: Ports, actor: Actor, approval_id: UUID) -> Held:
    return await visible_approval(ports, actor, approval_id)


async def read_history(
    ports: Ports, actor: Actor, approval_id: UUID, after: int, limit: int
) -> tuple[Held, list[Told]]:
    held = await visible_approval(ports, actor, approval_id)
    return held, await ports.approvals.history(approval_id, after, limit)


async def read_inbox(
    ports: Ports, actor: Actor, chosen: InboxFilter, after: InboxPlace | None, limit: int
) -> list[Waiting]:
    """What waits for the actor, directly or because they stand in for somebody."""
    directory = await ports.directories.read()
    grants = directory.grants_to(actor.person_id, ports.now)
    return await ports.approvals.inbox(actor.person_id, grants, chosen, after, limit)


async def count_inbox(ports: Ports, actor: Actor, chosen: InboxFilter) -> list[InboxCount]:
    directory = await ports.directories.read()
    grants = directory.grants_to(actor.person_id, ports.now)
    return await ports.approvals.count_inbox(actor.person_id, grants, chosen, ports.now)


async def list_delegations(
    ports: Ports, actor: Actor, before: UUID | None, limit: int
) -> list[StoredDelegation]:
    person = None if actor.may("approval.read_all") else actor.person_id
    return await ports.delegations.page(person, before, limit)
