"""React to approval's events about reviews of proofs. The end of a review counts even if the event of its
opening has not arrived yet. It changes nothing if the version has a verdict or is followed by another
version."""

from __future__ import annotations

from typing import Final

from optima_contracts.approval import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalNotOpened,
    ApprovalOpened,
    ApprovalRevoked,
    Approved,
    ChangesRequested,
    Rejected,
)

from ..domain.brief import Brief
from ..domain.lifecycle import AuditContext
from ..domain.proofs import WITH_CHANGES, Proof, ProofState
from .access import known_proof
from .ports import Ports
from .submit_proof import tell_of_end

End = ApprovalNotOpened | Approved | Rejected | ChangesRequested | ApprovalCancelled | ApprovalExpired

_STATES: Final[dict[type[End], ProofState]] = {
    Approved: ProofState.APPROVED,
    Rejected: ProofState.REJECTED,
    # A reviewer who asks for changes wants to see another version.
    ChangesRequested: ProofState.REJECTED,
    ApprovalNotOpened: ProofState.NOT_REVIEWED,
    ApprovalCancelled: ProofState.NOT_REVIEWED,
    ApprovalExpired: ProofState.NOT_REVIEWED,
}


async def on_review_opened(ports: Ports, event: ApprovalOpened, context: AuditContext) -> None:
    """Link the approval to the version. A duplicate, or an event after the review's end, changes nothing."""
    _, proof = await known_proof(ports, event.subject_id)
    if proof.review_opened(event.subject_revision, event.approval_id):
        ports.proofs.update_version(proof.proof_id, proof.version(event.subject_revision))


async def on_review_ended(ports: Ports, event: End, context: AuditContext) -> None:
    """Store the outcome of a version's review. A duplicate, an event about a version that is followed by
    another, or an approval of another file changes nothing."""
    state = _STATES[type(event)]
    if isinstance(event, Approved) and event.filled.get(WITH_CHANGES) is True:
        state = ProofState.APPROVED_WITH_CHANGES
    brief, proof = await known_proof(ports, event.subject_id)
    ended = proof.review_ended(
        event.subject_revision,
        state,
        approval_id=event.approval_id,
        sha256=event.content_hash if isinstance(event, Approved) else None,
        reason=event.reason,
        at=context.at,
        by=context.actor_id,
    )
    if ended:
        _save(ports, brief, proof, event.subject_revision)


async def on_review_revoked(ports: Ports, event: ApprovalRevoked, context: AuditContext) -> None:
    """Take the verdict back. Work that was begun meanwhile goes on. A duplicate changes nothing."""
    brief, proof = await known_proof(ports, event.subject_id)
    version = event.subject_revision
    if proof.approval_revoked(version, event.approval_id, event.reason, at=context.at, by=context.actor_id):
        _save(ports, brief, proof, version)


def _save(ports: Ports, brief: Brief, proof: Proof, version: int) -> None:
    ended = proof.version(version)
    ports.proofs.update_version(proof.proof_id, ended)
    tell_of_end(ports, brief, proof, ended)
