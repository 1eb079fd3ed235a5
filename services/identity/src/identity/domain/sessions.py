"""Sessions. A session is one sign-in, kept alive by refresh tokens that work once each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from optima_kit.refusals import Forbidden

ACCESS_TOKEN_LIVES = timedelta(minutes=10)
"""Lifetime of an access token. Other services accept the last token of an ended session that long, but they
refuse tokens made before a suspension or a change of roles."""
REFRESH_TOKEN_LIVES = timedelta(days=7)
SESSION_LIVES = timedelta(days=30)
"""Lifetime of a session from the sign-in, however often it is refreshed."""
PROOF_LASTS = timedelta(minutes=10)
"""How long after a password or code a person may do sensitive things without being asked for it again. A
stolen access token alone must not allow them."""


@dataclass(frozen=True, slots=True)
class Session:
    id: UUID
    person_id: UUID
    device: str
    """The browser's description of itself."""
    began_at: datetime
    refreshed_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    proven_at: datetime | None = None
    """When the person last proved again who they are; None if they have not since the session began."""
    factor_shown: bool = False
    """Whether the person showed a code of their second factor in this session."""

    def proven_lately(self, now: datetime) -> bool:
        return now < (self.proven_at or self.began_at) + PROOF_LASTS

    def open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.ends_at

    def refresh_token_ends_at(self, now: datetime) -> datetime:
        return min(now + REFRESH_TOKEN_LIVES, self.ends_at)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    secret_hash: bytes
    session_id: UUID
    expires_at: datetime
    used_at: datetime | None = None


def who_acts_was_proven_lately(session: Session | None, now: datetime) -> None:
    """Raise Forbidden unless the person has proved lately, in the token's `session`, who they are. A machine
    has no session, so it is refused too."""
    if session is None or not session.proven_lately(now):
        raise Forbidden("proof_needed")


def begun(
    session_id: UUID, person_id: UUID, device: str, now: datetime, *, factor_shown: bool = False
) -> Session:
    return Session(session_id, person_id, device, now, now, now + SESSION_LIVES, factor_shown=factor_shown)
