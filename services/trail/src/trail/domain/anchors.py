"""Anchors: once a day the newest entry is signed.

Whoever rewrites the chain with all its hashes, or cuts it off, cannot sign it anew: an anchor then names an
entry that is no longer there, or another one. Signing keys change; the next one is published before it
signs, and a public key is kept for as long as there are anchors to verify.
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
"""So long before its first signature can others fetch a key and keep it."""

SIGNED_AFTER = timedelta(minutes=1)
"""After the end of its day: what was begun at its last moment has been recorded by then."""


@dataclass(frozen=True, slots=True)
class AnchorKey:
    kid: str
    public: bytes
    """32 bytes, Ed25519."""
    signs_from: datetime
    sealed: bytes | None = None
    """The private key, encrypted; none once a successor signs, and none in an export."""
    attestation: bytes = b""
    """Shows that the service made the key."""


def as_jwk(key: AnchorKey) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 8037), with the time from which it signs."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "kid": key.kid,
        "x": base64.urlsafe_b64encode(key.public).decode().rstrip("="),
        "signs_from": instant(key.signs_from),
    }


def from_jwk(jwk: Mapping[str, str]) -> AnchorKey:
    """Raises KeyError or ValueError for what is none."""
    if jwk["crv"] != "Ed25519":
        raise ValueError(jwk["crv"])
    public = base64.urlsafe_b64decode(jwk["x"] + "=")
    return AnchorKey(jwk["kid"], public, datetime.fromisoformat(jwk["signs_from"]))


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry that a key vouches for, and through its hash for every one before it."""

    tenant_id: UUID
    day: date
    number: int
    hash: str
    signed_at: datetime
    kid: str
    signature: str = ""
    """Base64url, without padding."""

    def message(self) -> bytes:
        """What is signed: the canonical JSON of everything but the signature."""
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
"""Whether the signature (third, base64url) of the message (second) is the public key's (first)."""


def is_forged(anchor: Anchor, keys: Mapping[str, AnchorKey], holds: SignatureHolds) -> bool:
    """Whether no key that signed at that time vouches for the anchor."""
    key = keys.get(anchor.kid)
    if key is None or anchor.signed_at < key.signs_from:
        return True
    return not holds(key.public, anchor.message(), anchor.signature)


def anchor_is_due_at(day: date) -> datetime:
    """When the anchor of that day is to be signed."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) + SIGNED_AFTER


def the_key_that_signs(keys: Sequence[AnchorKey], now: datetime) -> AnchorKey | None:
    ready = [key for key in keys if key.signs_from <= now and key.sealed is not None]
    return max(ready, key=lambda key: (key.signs_from, key.kid), default=None)


def rotation_is_due(keys: Sequence[AnchorKey], now: datetime) -> bool:
    """Early enough that the successor has been shown by the time that the present key has served."""
    return all(key.signs_from + SIGNS_FOR - SHOWN_BEFORE <= now for key in keys if key.sealed is not None)


def first_signature_at(keys: Sequence[AnchorKey], now: datetime) -> datetime:
    """Of a key created now: at once where no other signs, else when it has been shown."""
    return now + SHOWN_BEFORE if the_key_that_signs(keys, now) else now


def keys_past_use(keys: Sequence[AnchorKey], now: datetime) -> list[AnchorKey]:
    """Those whose private half may go, since a successor signs."""
    signing = the_key_that_signs(keys, now)
    if signing is None:
        return []
    return [key for key in keys if key.sealed is not None and key.signs_from < signing.signs_from]
