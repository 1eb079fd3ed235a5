"""Rules for passwords.

They check length and a blocklist instead of composition, as NIST SP 800-63B §3.1.1.2 recommends.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from optima_kit.refusals import Invalid

SHORTEST = 12
LONGEST = 128
"""The most characters. This limit bounds the work of hashing."""

_COMMON = (
    "password", "passw0rd", "qwerty", "asdfgh", "zxcvbn", "letmein", "welcome", "benvenuto", "iloveyou",
    "administrator", "amministratore", "changeme", "cambiami", "abcdefg", "12345", "54321", "optima",
)  # fmt: skip


def normalised_password(text: str) -> str:
    """Return the form that is hashed, so that the same characters typed on another keyboard or system
    match."""
    return unicodedata.normalize("NFKC", text)


def password_is_hard_to_guess(password: str, *, about: Iterable[str], common: Callable[[str], bool]) -> None:
    """Raise Invalid if the password is too short, too long or too easy. `about` are names that belong to the
    person, such as their own, their company's and their tenant's. `common` tells whether a text is among the
    passwords that attackers try first."""
    if len(password) < SHORTEST:
        raise Invalid("password_too_short", field="password", shortest=SHORTEST)
    if len(password) > LONGEST:
        raise Invalid("password_too_long", field="password", longest=LONGEST)
    rest = password.casefold()
    for word in (*_COMMON, *_words(about)):
        rest = rest.replace(word, "")
    if len(rest) < SHORTEST // 2 or len(set(rest)) < SHORTEST // 2:
        raise Invalid("password_too_easy", field="password")
    if common(password) or common(password.casefold()):
        raise Invalid("password_too_common", field="password")


def _words(texts: Iterable[str]) -> list[str]:
    words = "".join(c if c.isalnum() else " " for text in texts for c in f" {text.casefold()} ").split()
    return [word for word in words if len(word) >= 4]
