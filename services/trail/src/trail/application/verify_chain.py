"""Recompute the whole chain of the tenant from what the database holds."""

from __future__ import annotations

from ..domain.chain import Verification
from .ports import Ports


async def verify_chain(ports: Ports) -> Verification:
    """Walks from the first entry to the head; stops at the first entry that does not hold."""
    verification = Verification()
    head = await ports.trail.head()
    async for portion in ports.trail.canonical_chain():
        for number, canonical, claimed_hash in portion:
            if not verification.check(number, canonical, claimed_hash):
                return verification
    verification.ends_at(head)
    return verification
