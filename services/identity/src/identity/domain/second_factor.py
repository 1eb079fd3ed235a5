"""The second factor: codes that a person's phone shows and that change every thirty seconds (TOTP, RFC
6238)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

STEP_SECONDS = 30
DIGITS = 6
CLOCKS_DIFFER_BY = 1
"""How many steps a phone's clock may be off, which is half a minute."""
RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class SecondFactor:
    person_id: UUID
    sealed_secret: bytes
    confirmed: bool = False
    """Whether the owner has shown that they can produce a code. Until then no code is asked for."""
    last_step: int = 0
    """Step of the newest code that was used. Neither this code nor an older one works again."""
    recovery_hashes: tuple[bytes, ...] = ()

    def with_step(self, step: int) -> SecondFactor:
        return replace(self, last_step=step)

    def confirmed_with(self, recovery_hashes: tuple[bytes, ...]) -> SecondFactor:
        return replace(self, confirmed=True, recovery_hashes=recovery_hashes)

    def without_recovery(self, code_hash: bytes) -> SecondFactor:
        left = tuple(known for known in self.recovery_hashes if known != code_hash)
        return replace(self, recovery_hashes=left)


def code_at(secret: bytes, step: int) -> str:
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


def step_that_shows(code: str, secret: bytes, now: datetime, *, after: int) -> int | None:
    """Return the step whose code this is, or None. Only steps around now and later than `after` count.

    All candidates are compared, each in constant time.
    """
    current = step_of(now)
    found = None
    for step in range(current - CLOCKS_DIFFER_BY, current + CLOCKS_DIFFER_BY + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace"))
        if same and step > after:
            found = step
    return found
