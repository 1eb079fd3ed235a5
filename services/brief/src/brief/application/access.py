"""Load and lock the brief that a command or a reaction changes, if the actor may see it."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Forbidden, NotYet, Stale

from ..domain.brief import Brief
from ..domain.proofs import Proof
from .ports import Ports
from .read.access import is_requester, seen


async def brief_to_change(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None = None
) -> Brief:
    """Return the brief, locked. Raises Absent if the actor may not see it, and Stale if it no longer has the
    version that they saw."""
    brief = seen(actor, await ports.briefs.lock_brief(brief_id))
    if expected_version is not None and expected_version != brief.version:
        raise Stale("stale_version", field="If-Match")
    return brief


async def own_brief_to_change(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None = None
) -> Brief:
    """Return the actor's own brief, locked. Raises Forbidden if it is somebody else's, and otherwise the same
    as `brief_to_change`."""
    brief = await brief_to_change(ports, actor, brief_id, expected_version)
    if not is_requester(actor, brief):
        raise Forbidden("brief_not_own", number=brief.number)
    return brief


async def known_brief(ports: Ports, brief_id: UUID) -> Brief:
    """Return the brief that an event of another service refers to, locked. Raises NotYet if it is unknown.
    Since all briefs are drafted in this service, only a restored database can lack one."""
    brief = await ports.briefs.lock_brief(brief_id)
    if brief is None:
        raise NotYet(f"brief {brief_id} is not known")
    return brief


async def known_proof(ports: Ports, proof_id: UUID) -> tuple[Brief, Proof]:
    """Return the proof that an event of another service refers to, and its brief, locked. Raises NotYet if
    either is unknown."""
    known = await ports.proofs.find_proof(proof_id)
    if known is None:
        raise NotYet(f"proof {proof_id} is not known")
    brief = await known_brief(ports, known.brief_id)
    proof = await ports.proofs.find_proof(proof_id)
    assert proof is not None
    return brief, proof
