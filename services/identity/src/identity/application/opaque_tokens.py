"""Opaque tokens: secrets that we hand out and later recognise by their hash.

Each token names its tenant (`<tenant>.<secret>`), so that it is searched only among that tenant's rows and no
lookup runs across tenants."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    tenant_id: UUID
    text: str
    secret_hash: bytes


def new_token(tenant_id: UUID) -> OpaqueToken:
    return _token(tenant_id, new_secret())


def read_token(text: str) -> OpaqueToken:
    """Parse a token. A text in another form becomes a token of the platform's tenant, which matches
    nothing."""
    tenant, _, secret = text.partition(".")
    try:
        return _token(UUID(hex=tenant), secret)
    except ValueError:
        return _token(UUID(int=0), "")


def new_secret() -> str:
    """Return a new secret of 256 random bits, which is to be shown once."""
    return secrets.token_urlsafe(32)


def hashed_secret(secret: str) -> bytes:
    """Return the secret's SHA-256. A fast hash is enough, because 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def same_secret(secret: str, secret_hash: bytes) -> bool:
    """Tell in constant time whether the secret has this hash."""
    return secrets.compare_digest(hashed_secret(secret), secret_hash)


def _token(tenant_id: UUID, secret: str) -> OpaqueToken:
    return OpaqueToken(tenant_id, f"{tenant_id.hex}.{secret}", hashed_secret(secret))
