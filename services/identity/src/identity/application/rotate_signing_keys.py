"""Rotate the keys that sign access tokens. The first key is made when it is needed, each later one before
that."""

from __future__ import annotations

from pydantic import BaseModel

from ..domain.signing import (
    SigningKey,
    first_signature_at,
    keys_past_use,
    next_rotation_at,
    rotation_is_due,
)
from .ports import Ports

ROTATE_KEYS = "identity.rotate_signing_keys"


class RotateKeys(BaseModel):
    """Payload of the job that rotates the issuer's keys."""


async def rotate_signing_keys(ports: Ports, *, at_once: bool = False) -> list[SigningKey]:
    """Make a key if there is none, if the newest one's time is over, or in any case with `at_once`. Delete
    keys whose tokens have all expired. Return the remaining keys.

    Even with `at_once`, a successor is published well before it signs, so that no valid token is refused.
    `ports` work in the platform's tenant. If several replicas call this at the same time, only one makes a
    key."""
    keys = list(await ports.signing_keys.lock())
    if at_once or rotation_is_due(keys, ports.now):
        key = ports.key_maker.new_key(first_signature_at(keys, ports.now))
        await ports.signing_keys.insert(key)
        keys.append(key)
    for past in keys_past_use(keys, ports.now):
        await ports.signing_keys.delete(past.kid)
        keys.remove(past)
    ports.jobs.schedule(ROTATE_KEYS, RotateKeys(), key="keys", due_at=next_rotation_at(keys))
    return keys
