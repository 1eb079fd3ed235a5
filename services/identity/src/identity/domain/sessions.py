"""A session: one sign-in, kept alive by refresh tokens of which each works once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from optima_kit.refusals import Forbidden

ACCESS_TOKEN_LIVES = timedelta(minutes=10)
"""Also how long other services believe the last token of a session that has ended. They refuse one that was
made before a suspension or a change of roles."""
REFRESH_TOKEN_LIVES = timedelta(days=7)
SESSION_LIVES = timedelta(days=30)
"""From the sign-in, however often it is refreshed."""
PROOF_LASTS = timedelta(minutes=10)
"""So long after a password or code, what a stolen access token must not do is done without asking again."""


@dataclass(frozen=True, slots=True)
class Session:
    id: UUID
    person_id: UUID
    device: str
    """What the browser says of itself."""
    began_at: datetime
    refreshed_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    proven_at: datetime | None = None
    """When its person last showed again who they are; None: not since it began."""
    factor_shown: bool = False
    """Whether they showed a code of their second factor in it."""

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
    """`session`: that of the token; a machine has none, and shows its secret every ten minutes."""
    if session is None or not session.proven_lately(now):
        raise Forbidden("proof_needed")


def begun(
    session_id: UUID, person_id: UUID, device: str, now: datetime, *, factor_shown: bool = False
) -> Session:
    return Session(session_id, person_id, device, now, now, now + SESSION_LIVES, factor_shown=factor_shown)
