"""Anchors: signatures of the newest entry, one for each day.

A person who rewrites the chain with all its hashes, or cuts it off, can't sign it again. An anchor then names
an entry that no longer exists or has another hash. Signing keys change regularly. Each key is published
before it signs, and public keys are kept as long as there are anchors to verify.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from .entry import canonical_json, instant

SIGNS_FOR = timedelta(days=90)
SHOWN_BEFORE = timedelta(days=14)
"""How long before its first signature a key is published, so that others can fetch and keep it."""

SIGNED_AFTER = timedelta(minutes=1)
"""How long after the end of its day an anchor is signed. By then, what began in the last moment of the day
has been recorded."""


@dataclass(frozen=True, slots=True)
class AnchorKey:
    kid: str
    public: bytes
    """32 bytes, Ed25519."""
    signs_from: datetime
    sealed: bytes | None = None
    """The encrypted private key, or None once a successor signs and in an export."""
    attestation: bytes = b""
    """Proves that this service made the key."""


def as_jwk(key: AnchorKey) -> dict[str, str]:
    """Return the public key as a JSON Web Key (RFC 8037), with the time from which it signs."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "kid": key.kid,
        "x": base64.urlsafe_b64encode(key.public).decode().rstrip("="),
        "signs_from": instant(key.signs_from),
    }


def from_jwk(jwk: Mapping[str, str]) -> AnchorKey:
    """Read a public key from a JSON Web Key. Raises KeyError or ValueError if it is not such a key."""
    if jwk["crv"] != "Ed25519":
        raise ValueError(jwk["crv"])
    public = base64.urlsafe_b64decode(jwk["x"] + "=")
    return AnchorKey(jwk["kid"], public, datetime.fromisoformat(jwk["signs_from"]))


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry for which a key vouches and, through the entry's hash, for every entry before it."""

    tenant_id: UUID
    day: date
    number: int
    hash: str
    signed_at: datetime
    kid: str
    signature: str = ""
    """Base64url, without padding."""

    def message(self) -> bytes:
        """Return the bytes that are signed: the canonical JSON of everything but the signature."""
        return canonical_json(
            {
                "day": self.day.isoformat(),
                "hash": self.hash,
                "kid": self.kid,
                "number": self.number,
                "signed_at": instant(self.signed_at),
                "tenant_id": str(self.tenant_id),
            }
        ).encode("ascii")


SignatureHolds = Callable[[bytes, bytes, str], bool]
"""A function of a public key, a message and a signature in base64url. It tells whether the signature is
valid."""


def is_forged(anchor: Anchor, keys: Mapping[str, AnchorKey], holds: SignatureHolds) -> bool:
    """Tell whether the anchor is not validly signed by a known key that already signed at that time."""
    key = keys.get(anchor.kid)
    if key is None or anchor.signed_at < key.signs_from:
        return True
    return not holds(key.public, anchor.message(), anchor.signature)


def anchor_is_due_at(day: date) -> datetime:
    """Return when the anchor of a day is to be signed."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) + SIGNED_AFTER


def the_key_that_signs(keys: Sequence[AnchorKey], now: datetime) -> AnchorKey | None:
    ready = [key for key in keys if key.signs_from <= now and key.sealed is not None]
    return max(ready, key=lambda key: (key.signs_from, key.kid), default=None)


def rotation_is_due(keys: Sequence[AnchorKey], now: datetime) -> bool:
    """Tell whether a successor has to be created now, so that it is published long enough before the present
    key stops signing."""
    return all(key.signs_from + SIGNS_FOR - SHOWN_BEFORE <= now for key in keys if key.sealed is not None)


def first_signature_at(keys: Sequence[AnchorKey], now: datetime) -> datetime:
    """Return from when a key that is created now signs: at once if no other key signs, otherwise after it has
    been published for `SHOWN_BEFORE`."""
    return now + SHOWN_BEFORE if the_key_that_signs(keys, now) else now


def keys_past_use(keys: Sequence[AnchorKey], now: datetime) -> list[AnchorKey]:
    """Return the keys whose private half can be deleted, since a successor signs."""
    signing = the_key_that_signs(keys, now)
    if signing is None:
        return []
    return [key for key in keys if key.sealed is not None and key.signs_from < signing.signs_from]
