"""Store whether a brief's proofs are approved: phases may have to wait for them."""

from __future__ import annotations

from optima_contracts.brief import ProofReviewEnded, ProofSubmitted

from .ports import Ports


async def on_proof_told(ports: Ports, event: ProofSubmitted | ProofReviewEnded, sequence: int) -> None:
    """Store the state of a proof, of which only the newest version counts. Duplicate and late events change
    nothing. Phases that have begun go on."""
    approved = isinstance(event, ProofReviewEnded) and event.outcome in ("approved", "approved_with_changes")
    ports.orders.upsert_proof(event.brief_id, event.proof_id, event.version, sequence, approved=approved)
