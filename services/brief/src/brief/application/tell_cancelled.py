"""Follow-up of a brief's cancellation, whoever cancelled it: publish it, give back to the budget what will
not be spent, and end the reviews of its proofs."""

from __future__ import annotations

from optima_contracts.brief import BriefCancelled

from ..domain.brief import Brief
from ..domain.budgets import EntryCause
from ..domain.lifecycle import AuditContext, State
from ..domain.proofs import MAX_PROOFS, ProofState
from .charge_budget import settle_charge
from .ports import Ports
from .submit_proof import tell_of_end


async def tell_cancelled(ports: Ports, brief: Brief, reason: str, left: State, context: AuditContext) -> None:
    cancelled = BriefCancelled(brief_id=brief.brief_id, reason=reason, from_state=left.value)
    ports.outbox.add(cancelled, subject=brief.brief_id, correlation=brief.brief_id)
    await settle_charge(ports, brief.brief_id, EntryCause.CANCELLED, context, reason)
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
