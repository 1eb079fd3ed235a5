"""Encryption at rest of what a service must be able to read back: private keys, second factors.

A key belongs to one cipher. Another cipher, or another way to derive keys, therefore comes as any new secret
does, `chacha20-poly1305:new,old`: the new one seals with it, and what was sealed before opens as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .hardening import CIPHERS, FORMER, USUAL_CIPHER, cipher_of

_NONCE = 12
_KEY = 32
_Aead = AESGCM | ChaCha20Poly1305
_SUITES: Final[dict[str, tuple[Callable[[bytes], _Aead], Callable[[], HashAlgorithm]]]] = {
    "aes-256-gcm": (AESGCM, SHA256),
    "chacha20-poly1305": (ChaCha20Poly1305, SHA512),
}
"""With what is sealed, and with which hash the key is derived. Another is a line here, and its name in
`hardening.CIPHERS`."""
assert _SUITES.keys() == set(CIPHERS), "every cipher that a secret may name is known"


def derived_keys(secret: str, purpose: str) -> list[bytes]:
    """A key of 256 bits for the purpose of each secret, the newest first."""
    return [_derived(*cipher_of(each), purpose) for each in secret.split(FORMER)]


def _derived(cipher: str, secret: str, purpose: str) -> bytes:
    # The same secret under another cipher is another key.
    info = f"optima {purpose}" if cipher == USUAL_CIPHER else f"optima {purpose} {cipher}"
    _, hash_ = _SUITES[cipher]
    return HKDF(hash_(), _KEY, salt=None, info=info.encode()).derive(secret.encode())


class SealBroken(Exception):
    """What was sealed can't be opened: another OPTIMA_KEY_SECRET, or the bytes were tampered with."""


class Sealer:
    """Seals under a key derived from OPTIMA_KEY_SECRET for one purpose, with the cipher that it names.

    `purpose` begins with the service's name: services that share a secret share no key. `secret` may hold
    former secrets after commas: under the first is sealed, under each is opened.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        named = [cipher_of(each) for each in secret.split(FORMER)]
        self._ciphers = [_SUITES[cipher][0](_derived(cipher, own, purpose)) for cipher, own in named]

    def sealed(self, plain: bytes, about: str) -> bytes:
        """`about` names what it belongs to; it opens under that name only."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, plain, about.encode())

    def opened(self, sealed: bytes, about: str) -> bytes:
        """Raises SealBroken."""
        for cipher in self._ciphers:
            with suppress(InvalidTag, ValueError):
                return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        raise SealBroken(about)

    def sealed_anew(self, sealed: bytes, about: str) -> bytes | None:
        """Under the newest secret; None where it is already. Raises SealBroken."""
        with suppress(InvalidTag, ValueError):
            self._ciphers[0].decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
            return None
        return self.sealed(self.opened(sealed, about), about)
