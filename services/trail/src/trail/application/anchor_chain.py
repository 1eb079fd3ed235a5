"""Sign the newest entry, once a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from pydantic import BaseModel

from optima_contracts.trail import ChainAnchored

from ..domain.anchors import (
    Anchor,
    AnchorKey,
    first_signature_at,
    keys_past_use,
    rotation_is_due,
    the_key_that_signs,
)
from .ports import Ports

ANCHOR_CHAIN = "trail.anchor_chain"


class AnchorChain(BaseModel):
    """The obligation to sign what was recorded up to the end of a day."""

    day: date


async def anchor_chain(ports: Ports, day: date) -> None:
    """Signs the newest entry as the anchor of `day`, keeps it, and tells others.

    A second call for the same day does nothing. The event is itself an entry of the next day, which
    therefore has its anchor too: a tenant is anchored every day from its first entry on.
    """
    if await ports.anchors.has(day):
        return
    head = await ports.trail.head()
    key = await _signing_key(ports)
    unsigned = Anchor(ports.tenant_id, day, head.number, head.hash, ports.now, key.kid)
    anchor = replace(unsigned, signature=ports.key_maker.signature(key, unsigned.message()))
    await ports.anchors.insert(anchor)
    ports.outbox.add(
        ChainAnchored(
            tenant_id=anchor.tenant_id,
            day=anchor.day,
            number=anchor.number,
            hash=anchor.hash,
            signed_at=anchor.signed_at,
            kid=anchor.kid,
            signature=anchor.signature,
        ),
        subject=ports.tenant_id,
        correlation=ports.tenant_id,
    )


async def _signing_key(ports: Ports) -> AnchorKey:
    """The key that signs now. Makes the first, and each successor before it is needed; destroys the private
    half of those that have served. Tenants that anchor at once agree on it, since they take turns."""
    keys = list(await ports.anchor_keys.lock())
    if rotation_is_due(keys, ports.now):
        key = ports.key_maker.new_key(first_signature_at(keys, ports.now))
        await ports.anchor_keys.insert(key)
        keys.append(key)
    for past in keys_past_use(keys, ports.now):
        await ports.anchor_keys.delete_private(past.kid)
    signing = the_key_that_signs(keys, ports.now)
    assert signing is not None, "a key signs from the moment that it is made where no other does"
    return signing
