"""Encryption at rest of what a service must be able to read back: private keys, second factors."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class SealBroken(Exception):
    """What was sealed can't be opened: another OPTIMA_KEY_SECRET, or the bytes were tampered with."""


class Sealer:
    """AES-256-GCM under a key derived from OPTIMA_KEY_SECRET for one purpose (HKDF-SHA256).

    `purpose` begins with the service's name: services that share a secret share no key.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=f"optima {purpose}".encode())
        self._cipher = AESGCM(derived.derive(secret.encode()))

    def sealed(self, plain: bytes, about: str) -> bytes:
        """`about` names what it belongs to; it opens under that name only."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def opened(self, sealed: bytes, about: str) -> bytes:
        """Raises SealBroken."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(about) from None
