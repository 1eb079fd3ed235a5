"""Secrets that we hand out and recognise again by their hash.

Each names its tenant (`<tenant>.<secret>`): a stranger who presents one is led into that tenant's rows,
and no lookup ever runs across tenants.
"""

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
    """A text that is none of ours reads as a token of no tenant, where nothing is ever found."""
    tenant, _, secret = text.partition(".")
    try:
        return _token(UUID(hex=tenant), secret)
    except ValueError:
        return _token(UUID(int=0), "")


def new_secret() -> str:
    """256 random bits, to be shown once."""
    return secrets.token_urlsafe(32)


def hashed_secret(secret: str) -> bytes:
    """SHA-256 is enough: no guessing reaches 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def same_secret(secret: str, secret_hash: bytes) -> bool:
    """In constant time."""
    return secrets.compare_digest(hashed_secret(secret), secret_hash)


def _token(tenant_id: UUID, secret: str) -> OpaqueToken:
    return OpaqueToken(tenant_id, f"{tenant_id.hex}.{secret}", hashed_secret(secret))
