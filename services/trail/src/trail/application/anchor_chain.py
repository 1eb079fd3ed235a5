"""Signs the newest entry of the trail once a day."""

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
    """A job that signs what was recorded up to the end of a day."""

    day: date


async def anchor_chain(ports: Ports, day: date) -> None:
    """Sign the newest entry as the anchor of `day`, store the anchor and publish it.

    A second call for the same day does nothing. The published event becomes an entry of the next day, which
    therefore gets an anchor too: from its first entry on, a tenant has an anchor for every day.
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
    """Return the key that signs now. Create the first key, and each successor before it is needed, and
    destroy the private halves of keys that are no longer used. Tenants that sign at the same time agree on
    the key, since the keys are locked."""
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
