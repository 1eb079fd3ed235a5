"""The briefs that commands and reactions change: locked, and only those that the actor may see."""

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
    """The brief, locked. Raises Absent for one that the actor may not see, and Stale unless it has the
    version that they saw."""
    brief = seen(actor, await ports.briefs.lock_brief(brief_id))
    if expected_version is not None and expected_version != brief.version:
        raise Stale("stale_version", field="If-Match")
    return brief


async def own_brief_to_change(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None = None
) -> Brief:
    """As `brief_to_change`. Raises Forbidden for a brief of somebody else."""
    brief = await brief_to_change(ports, actor, brief_id, expected_version)
    if not is_requester(actor, brief):
        raise Forbidden("brief_not_own", number=brief.number)
    return brief


async def known_brief(ports: Ports, brief_id: UUID) -> Brief:
    """The brief that another service speaks of, locked. Raises NotYet for one that is not here: it was
    drafted here, so that only a restored database can lack it."""
    brief = await ports.briefs.lock_brief(brief_id)
    if brief is None:
        raise NotYet(f"brief {brief_id} is not known")
    return brief


async def known_proof(ports: Ports, proof_id: UUID) -> tuple[Brief, Proof]:
    """As `known_brief`: a proof, and its brief, which is locked."""
    known = await ports.proofs.find_proof(proof_id)
    if known is None:
        raise NotYet(f"proof {proof_id} is not known")
    brief = await known_brief(ports, known.brief_id)
    proof = await ports.proofs.find_proof(proof_id)
    assert proof is not None
    return brief, proof
