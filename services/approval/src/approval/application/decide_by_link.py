"""Lets people decide through a link in an e-mail. Opening the link changes nothing, so that a mail scanner
can't decide. The decision is a POST and is possible once, until the link expires or the part is over."""

from __future__ import annotations

from uuid import UUID

from optima_kit.refusals import Absent

from ..domain import engine
from .ports import Link, Ports, StoredApproval
from .read.access import running_process
from .recording import record_change


async def read_by_link(ports: Ports, link_id: UUID) -> tuple[Link, StoredApproval]:
    """Return the link and its approval. Raises Absent if the link can't be used."""
    return await _usable(ports, await ports.links.find(link_id), lock=False)


async def decide_by_link(
    ports: Ports, link_id: UUID, act: engine.Act, content_hash: str, reason: str | None
) -> StoredApproval:
    """Decide as the person to whom the link was sent. Only a recorded decision uses the link up; after a
    refusal it can be used again."""
    link, stored = await _usable(ports, await ports.links.lock(link_id), lock=True)
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    decision = engine.Decision(link.step, act, link.person_id, content_hash, link.person_id, reason)
    result = engine.decide(stored.approval, process, decision, ports.now, directory)
    await ports.links.use(link_id, ports.now)
    return await record_change(ports, process, stored, result)


async def _usable(ports: Ports, link: Link | None, *, lock: bool) -> tuple[Link, StoredApproval]:
    """Return the link and its approval. Raises the same Absent for a link that is unknown, expired or used
    and for one whose part is over, so that nobody learns which it is."""
    if link is None or link.used_at is not None or link.expires_at <= ports.now:
        raise Absent("link_absent")
    find = ports.approvals.lock if lock else ports.approvals.find
    stored = await find(link.approval_id)
    run = stored.approval.steps.get(link.step) if stored is not None else None
    part = run.parts.get(link.person_id) if run is not None else None
    if stored is None or run is None or part is None or run.round != link.round or part.state != "requested":
        raise Absent("link_absent")
    return link, stored
