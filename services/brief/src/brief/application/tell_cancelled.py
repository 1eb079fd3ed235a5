"""A brief was cancelled, by whomever: others hear of it, and nobody looks at its proofs any more."""

from __future__ import annotations

from optima_contracts.brief import BriefCancelled

from ..domain.brief import Brief
from ..domain.lifecycle import State
from ..domain.proofs import MAX_PROOFS, ProofState
from .ports import Ports
from .submit_proof import tell_of_end


async def tell_cancelled(ports: Ports, brief: Brief, reason: str, left: State) -> None:
    cancelled = BriefCancelled(brief_id=brief.brief_id, reason=reason, from_state=left.value)
    ports.outbox.add(cancelled, subject=brief.brief_id, correlation=brief.brief_id)
    for proof in await ports.proofs.list_proofs(brief.brief_id, None, MAX_PROOFS):
        version = proof.newest
        ended = proof.review_ended(
            version.version,
            ProofState.NOT_REVIEWED,
            approval_id=None,
            sha256=None,
            reason=None,
            at=ports.now,
            by=None,
        )
        if ended:
            ports.proofs.update_version(proof.proof_id, version)
            tell_of_end(ports, brief, proof, version)
