"""The life of a signing key: published first, then signing, then only verifying, then gone.

Verifiers keep the key set for a while. So a key is shown before its first signature and after its
last one: at no moment does a valid token name a key that a verifier could not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .sessions import ACCESS_TOKEN_LIVES

SIGNS_FOR = timedelta(days=30)
SHOWN_BEFORE = timedelta(minutes=15)
"""Longer than any verifier trusts a key set that it has fetched."""
SHOWN_AFTER = ACCESS_TOKEN_LIVES + timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    algorithm: str
    public: dict[str, str]
    """As a JSON Web Key."""
    sealed: bytes
    """The private key, encrypted."""
    signs_from: datetime


def the_key_that_signs(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    ready = [key for key in keys if key.signs_from <= now]
    return max(ready, key=lambda key: (key.signs_from, key.kid), default=None)


def first_signature_at(keys: Sequence[SigningKey], now: datetime) -> datetime:
    """Of a key created now: at once if there is none yet, else when every verifier has seen it."""
    return now + SHOWN_BEFORE if keys else now


def rotation_is_due(keys: Sequence[SigningKey], now: datetime) -> bool:
    """Early enough that the successor has been shown by the time that the present key has served."""
    return all(key.signs_from + SIGNS_FOR - SHOWN_BEFORE <= now for key in keys)


def next_rotation_at(keys: Sequence[SigningKey]) -> datetime:
    return max(key.signs_from for key in keys) + SIGNS_FOR - SHOWN_BEFORE


def keys_past_use(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """Those whose last token has expired: a successor has signed for longer than a token lives."""
    return [
        key
        for key in keys
        if any(later.signs_from > key.signs_from and later.signs_from + SHOWN_AFTER <= now for later in keys)
    ]
