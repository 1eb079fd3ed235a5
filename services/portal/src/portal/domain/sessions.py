"""Browser sessions: their cookie, how long they last, and when their tokens are renewed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

SESSION_LASTS: Final = timedelta(hours=12)
RENEW_BEFORE_END: Final = timedelta(minutes=2)
"""An access token is renewed this long before it expires, so that no other request waits for the renewal."""
RENEWAL_TAKES: Final = timedelta(seconds=10)
"""How long one process has the renewal to itself."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The access token for the services, and the refresh token by which the next one is obtained."""

    access: str
    refresh: str
    access_ends_at: datetime
    factor_needed: bool = False
    """Whether a role of the person grants nothing until they have shown a second factor."""


@dataclass(frozen=True, slots=True)
class Session:
    tenant_id: UUID
    token_hash: bytes
    person_id: UUID
    language: str
    tokens: Tokens
    ends_at: datetime
    unread: int = 0
    """Number of notices that the person has not read; counted up to a hundred."""

    def due_for_renewal(self, now: datetime) -> bool:
        return now >= self.tokens.access_ends_at - RENEW_BEFORE_END


def cookie_of(tenant_id: UUID, token: bytes) -> str:
    """Return the cookie: the tenant's id, which is not secret, and 32 random bytes, which are."""
    return base64.urlsafe_b64encode(tenant_id.bytes + token).decode()


def read_cookie(cookie: str) -> tuple[UUID, bytes] | None:
    """Return the tenant and the token's hash, or None if the text is not a cookie of ours."""
    try:
        raw = base64.b64decode(cookie.encode(), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != 48:
        return None
    return UUID(bytes=raw[:16]), hashlib.sha256(raw[16:]).digest()
