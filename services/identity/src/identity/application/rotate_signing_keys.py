"""The keys that sign access tokens: the first is made at first need, each later one before it is needed."""

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
    """The timer that looks after the issuer's keys."""


async def rotate_signing_keys(ports: Ports, *, at_once: bool = False) -> list[SigningKey]:
    """Makes a key if there is none or the newest has served its time, or in any case if `at_once`;
    drops keys whose tokens have all expired. Returns those that remain.

    Even `at_once`, a successor is published well before it signs: no valid token is ever refused. `ports`
    work in the platform's tenant. Any number of replicas may call this together: one makes the key.
    """
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
