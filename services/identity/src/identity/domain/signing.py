"""The life of a signing key: it is first only published, then signs, then only verifies, and is then deleted.

Verifiers cache the key set for a while. Therefore a key is published some time before its first signature and
some time after its last one, so that a verifier always has the key of a valid token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .sessions import ACCESS_TOKEN_LIVES

SIGNS_FOR = timedelta(days=30)
SHOWN_BEFORE = timedelta(minutes=15)
"""How long a key is published before it signs. This is longer than any verifier caches a key set."""
SHOWN_AFTER = ACCESS_TOKEN_LIVES + timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    algorithm: str
    public: dict[str, str]
    """The public key as a JSON Web Key."""
    sealed: bytes
    """The private key, encrypted."""
    signs_from: datetime


def the_key_that_signs(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    ready = [key for key in keys if key.signs_from <= now]
    return max(ready, key=lambda key: (key.signs_from, key.kid), default=None)


def first_signature_at(keys: Sequence[SigningKey], now: datetime) -> datetime:
    """Return when a key created now may begin to sign: at once if there is no other key, otherwise when every
    verifier has seen it."""
    return now + SHOWN_BEFORE if keys else now


def rotation_is_due(keys: Sequence[SigningKey], now: datetime) -> bool:
    """Tell whether a successor has to be made, which is early enough that it has been published long enough
    when the present key's time is over."""
    return all(key.signs_from + SIGNS_FOR - SHOWN_BEFORE <= now for key in keys)


def next_rotation_at(keys: Sequence[SigningKey]) -> datetime:
    return max(key.signs_from for key in keys) + SIGNS_FOR - SHOWN_BEFORE


def keys_past_use(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """Return the keys whose last token has expired, because a successor has signed for longer than a token
    lives."""
    return [
        key
        for key in keys
        if any(later.signs_from > key.signs_from and later.signs_from + SHOWN_AFTER <= now for later in keys)
    ]
