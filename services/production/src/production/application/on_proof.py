"""Proofs of a brief, which phases may have to wait for."""

from __future__ import annotations

from optima_contracts.brief import ProofReviewEnded, ProofSubmitted

from .ports import Ports


async def on_proof_told(ports: Ports, event: ProofSubmitted | ProofReviewEnded, sequence: int) -> None:
    """Of a proof, the newest version alone counts. Again, or told late: nothing. What has begun goes on."""
    approved = isinstance(event, ProofReviewEnded) and event.outcome in ("approved", "approved_with_changes")
    ports.orders.upsert_proof(event.brief_id, event.proof_id, event.version, sequence, approved=approved)
