"""Encryption at rest of what a service must be able to read back, such as private keys and second factors.

A key belongs to one cipher. Therefore, another cipher, or another way to derive keys, is introduced together
with a new secret: `chacha20-poly1305:new,old`. New values are encrypted with it, and earlier values are
decrypted as before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .hardening import CIPHERS, FORMER, USUAL_CIPHER, cipher_of
from .sql import Statement

_NONCE = 12
_KEY = 32
_Aead = AESGCM | ChaCha20Poly1305
_SUITES: Final[dict[str, tuple[Callable[[bytes], _Aead], Callable[[], HashAlgorithm]]]] = {
    "aes-256-gcm": (AESGCM, SHA256),
    "chacha20-poly1305": (ChaCha20Poly1305, SHA512),
}
"""The ciphers, each with the hash with which its key is derived. Another cipher is a line here, and its name
in `hardening.CIPHERS`."""
assert _SUITES.keys() == set(CIPHERS), "every cipher that a secret may name is known"


def derived_keys(secret: str, purpose: str) -> list[bytes]:
    """Derive a key of 256 bits for the purpose from each secret, the newest first."""
    return [_derived(*cipher_of(each), purpose) for each in secret.split(FORMER)]


def _derived(cipher: str, secret: str, purpose: str) -> bytes:
    # The same secret gives another key for another cipher.
    info = f"optima {purpose}" if cipher == USUAL_CIPHER else f"optima {purpose} {cipher}"
    _, hash_ = _SUITES[cipher]
    return HKDF(hash_(), _KEY, salt=None, info=info.encode()).derive(secret.encode())


class SealBroken(Exception):
    """Raised if a value can't be decrypted, because OPTIMA_KEY_SECRET is another one or the bytes were
    changed."""


class Sealer:
    """Encrypts under a key that is derived from OPTIMA_KEY_SECRET for one purpose, with the cipher that the
    secret names.

    `purpose` begins with the service's name, so that services with the same secret have different keys.
    `secret` may contain former secrets after commas: the first one encrypts, and all of them decrypt.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        named = [cipher_of(each) for each in secret.split(FORMER)]
        self._ciphers = [_SUITES[cipher][0](_derived(cipher, own, purpose)) for cipher, own in named]

    def sealed(self, plain: bytes, about: str) -> bytes:
        """Encrypt a value. `about` names what the value belongs to; it can be decrypted only with the same
        name."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, plain, about.encode())

    def opened(self, sealed: bytes, about: str) -> bytes:
        """Decrypt a value. Raises SealBroken if no secret fits."""
        for cipher in self._ciphers:
            with suppress(InvalidTag, ValueError):
                return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        raise SealBroken(about)

    def sealed_anew(self, sealed: bytes, about: str) -> bytes | None:
        """Encrypt a value again under the newest secret, or return None if it already is. Raises
        SealBroken."""
        with suppress(InvalidTag, ValueError):
            self._ciphers[0].decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
            return None
        return self.sealed(self.opened(sealed, about), about)


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column with encrypted values that are kept for long, and the statements that find and change its
    rows."""

    tenants: Statement
    """Lists the `tenant_id` of all tenants with such rows, as the backbone role."""
    listed: Statement
    """Lists `id`, `about` and `sealed` of `:limit` rows after the id `:after`, in the order of ids."""
    update: Statement
    """Replaces `:former` by `:sealed` in the row `:id`."""
    sealer: Sealer
