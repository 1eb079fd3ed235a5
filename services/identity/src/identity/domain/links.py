"""Links that work once: invitations and password resets. Only the hash of their secret is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from optima_kit.refusals import Invalid

Purpose = Literal["invitation", "password_reset"]

VALID_FOR: dict[Purpose, timedelta] = {
    "invitation": timedelta(days=7),
    "password_reset": timedelta(hours=1),
}

NOT_AGAIN_FOR = timedelta(minutes=2)
"""How long no further reset link is sent, so that nobody can flood a person's mailbox by asking for
resets."""


@dataclass(frozen=True, slots=True)
class Link:
    id: UUID
    person_id: UUID
    purpose: Purpose
    secret_hash: bytes
    expires_at: datetime
    used: bool = False

    @property
    def issued_at(self) -> datetime:
        return self.expires_at - VALID_FOR[self.purpose]


def link_is_good(link: Link | None, purpose: Purpose, now: datetime) -> Link:
    """Return the link if it may be used. Raises the same Invalid if it is unknown, used, expired or meant for
    another purpose, so that a guesser learns nothing."""
    if link is None or link.purpose != purpose or link.used or link.expires_at <= now:
        raise Invalid("link_not_valid", field="token")
    return link


def link_was_just_issued(newest: Link | None, now: datetime) -> bool:
    return newest is not None and now < newest.issued_at + NOT_AGAIN_FOR
