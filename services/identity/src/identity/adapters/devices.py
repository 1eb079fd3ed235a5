"""Device tokens, by which a browser is recognised in which a person has signed in before."""

from __future__ import annotations

import base64
import binascii
import hashlib

from optima_kit.ids import new_id
from optima_kit.sealing import SealBroken, Sealer

from ..application.ports import Credentials


class SealedDevices:
    """Known devices. Nothing is stored about them: a token names its device and is sealed for one person and
    password."""

    def __init__(self, key_secret: str) -> None:
        self._sealer = Sealer(key_secret, "identity known devices")

    def new_token(self, credentials: Credentials) -> str:
        sealed = self._sealer.sealed(new_id().bytes, _about(credentials))
        return base64.urlsafe_b64encode(sealed).decode()

    def device(self, credentials: Credentials, token: str) -> bytes | None:
        try:
            return self._sealer.opened(base64.urlsafe_b64decode(token), _about(credentials))
        except (SealBroken, binascii.Error, ValueError):
            return None


def _about(credentials: Credentials) -> str:
    chosen = hashlib.sha256(credentials.password_hash.encode()).hexdigest()
    return f"{credentials.person_id} {chosen}"
