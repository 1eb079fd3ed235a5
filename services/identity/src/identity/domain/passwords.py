"""Which passwords are good enough, and how long wrong ones close an account.

Length and blocklist instead of composition rules, after NIST SP 800-63B §3.1.1.2.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from optima_kit.refusals import Invalid

SHORTEST = 12
LONGEST = 128
"""Characters. The upper limit bounds the work of hashing."""

FREE_ATTEMPTS = 5
"""Wrong passwords in a row that cost nothing."""
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(minutes=15)
"""Doubling from the first to this: guessing is hopeless, and no stranger can shut anybody out for long."""

_COMMON = (
    "password", "passw0rd", "qwerty", "asdfgh", "zxcvbn", "letmein", "welcome", "benvenuto", "iloveyou",
    "administrator", "amministratore", "changeme", "cambiami", "abcdefg", "12345", "54321", "optima",
)  # fmt: skip


def normalised_password(text: str) -> str:
    """The form that is hashed: the same keys typed on another keyboard or system give the same password."""
    return unicodedata.normalize("NFKC", text)


def password_is_hard_to_guess(password: str, *, about: Iterable[str]) -> None:
    """`about`: names that belong to the person, such as their own, their company's and their tenant's."""
    if len(password) < SHORTEST:
        raise Invalid("password_too_short", field="password", shortest=SHORTEST)
    if len(password) > LONGEST:
        raise Invalid("password_too_long", field="password", longest=LONGEST)
    rest = password.casefold()
    for word in (*_COMMON, *_words(about)):
        rest = rest.replace(word, "")
    if len(rest) < SHORTEST // 2 or len(set(rest)) < SHORTEST // 2:
        raise Invalid("password_too_easy", field="password")


def _words(texts: Iterable[str]) -> list[str]:
    words = "".join(c if c.isalnum() else " " for text in texts for c in f" {text.casefold()} ").split()
    return [word for word in words if len(word) >= 4]


@dataclass(frozen=True, slots=True)
class Attempts:
    """The row of failures since the last success."""

    failed: int = 0
    locked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def after_failure(self, now: datetime) -> Attempts:
        failed = self.failed + 1
        beyond = failed - FREE_ATTEMPTS
        if beyond < 0:
            return replace(self, failed=failed)
        # The exponent is bounded, since 2**1000 minutes is no timedelta.
        return Attempts(failed, now + min(FIRST_LOCK * 2 ** min(beyond, 10), LONGEST_LOCK))
