"""Encryption at rest of what a service must be able to read back: private keys, second factors."""

from __future__ import annotations

import os
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .hardening import FORMER

_NONCE = 12


def derived_keys(secret: str, purpose: str) -> list[bytes]:
    """A key of 256 bits for the purpose of each secret, the newest first."""

    def derived(each: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=f"optima {purpose}".encode()).derive(each.encode())

    return [derived(each) for each in secret.split(FORMER)]


class SealBroken(Exception):
    """What was sealed can't be opened: another OPTIMA_KEY_SECRET, or the bytes were tampered with."""


class Sealer:
    """AES-256-GCM under a key derived from OPTIMA_KEY_SECRET for one purpose (HKDF-SHA256).

    `purpose` begins with the service's name: services that share a secret share no key. `secret` may hold
    former secrets after commas: under the first is sealed, under each is opened.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        self._ciphers = [AESGCM(key) for key in derived_keys(secret, purpose)]

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
