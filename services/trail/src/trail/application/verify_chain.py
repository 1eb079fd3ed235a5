"""Verifies the tenant's whole chain: recomputes it from the database and compares it with its anchors."""

from __future__ import annotations

from ..domain.anchors import is_forged
from ..domain.chain import ChainBreak, Verification
from .own_anchor_keys import own_anchor_keys
from .ports import Ports


async def verify_chain(ports: Ports) -> Verification:
    """Verify the chain from the first entry to the head. Stop at the first entry that does not hold."""
    verification = Verification()
    head = await ports.trail.head()
    while verification.broken is None:
        stretch = await ports.trail.check_stretch(verification.head)
        if stretch.entries == 0 and stretch.broken is None:
            break
        verification.head, verification.broken = stretch.head, stretch.broken
        verification.checked += stretch.entries
    verification.ends_at(head)
    if verification.broken is None:
        await _hold_against_anchors(ports, verification)
    return verification


async def _hold_against_anchors(ports: Ports, verification: Verification) -> None:
    anchors = await ports.anchors.between(0, None)
    keys = {key.kid: key for key in await own_anchor_keys(ports)}
    hashes = await ports.trail.hashes_at([anchor.number for anchor in anchors])
    for anchor in anchors:
        if is_forged(anchor, keys, ports.key_maker.signature_holds):
            verification.broken = ChainBreak(anchor.number, "forged_anchor")
        elif anchor.number not in hashes:
            verification.broken = ChainBreak(verification.head.number + 1, "missing")
        elif hashes[anchor.number] != anchor.hash:
            verification.broken = ChainBreak(anchor.number, "rewritten")
        else:
            verification.anchors += 1
            continue
        return
