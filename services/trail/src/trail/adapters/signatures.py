"""Signs anchors and verifies their signatures, with Ed25519."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from optima_kit.ids import new_id
from optima_kit.sealing import SealBroken, Sealer, derived_keys

from ..domain.anchors import AnchorKey
from ..domain.entry import instant


class AnchorKeyMaker:
    """Creates signing keys, whose private half is encrypted under OPTIMA_KEY_SECRET, and signs with them."""

    def __init__(self, key_secret: str) -> None:
        self._sealer = Sealer(key_secret, "trail anchor keys")
        self._attesting = derived_keys(key_secret, "trail attestation of anchor keys")

    def new_key(self, signs_from: datetime) -> AnchorKey:
        kid = new_id().hex
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        sealed = self._sealer.sealed(private.private_bytes_raw(), kid)
        stated = _stated(kid, public, signs_from)
        attestation = hmac.digest(self._attesting[0], stated, "sha256")
        return AnchorKey(kid, public, signs_from, sealed, attestation)

    def made(self, key: AnchorKey) -> bool:
        """Tell whether this service made the key, under this secret or a former one, and it was not changed
        since."""
        stated = _stated(key.kid, key.public, key.signs_from)
        return any(
            hmac.compare_digest(key.attestation, hmac.digest(attesting, stated, "sha256"))
            for attesting in self._attesting
        )

    def signature(self, key: AnchorKey, message: bytes) -> str:
        """Sign a message and return the signature in base64url, without padding. Raises SealBroken, whose
        message names the remedy, if the private key can't be decrypted."""
        assert key.sealed is not None, "a key that has served signs nothing"
        try:
            private = Ed25519PrivateKey.from_private_bytes(self._sealer.opened(key.sealed, key.kid))
        except SealBroken:
            raise SealBroken(
                f"the anchor key {key.kid} does not open with this OPTIMA_KEY_SECRET: restore the secret "
                "that it was made under, the same in every replica"
            ) from None
        return base64.urlsafe_b64encode(private.sign(message)).decode().rstrip("=")

    def signature_holds(self, public: bytes, message: bytes, signature: str) -> bool:
        return signature_holds(public, message, signature)


def _stated(kid: str, public: bytes, signs_from: datetime) -> bytes:
    return f"{kid} {public.hex()} {instant(signs_from)}".encode()


def signature_holds(public: bytes, message: bytes, signature: str) -> bool:
    """Tell whether the signature (base64url) of the message was made with the private half of this key."""
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        Ed25519PublicKey.from_public_bytes(public).verify(raw, message)
    except (InvalidSignature, ValueError):
        return False
    return True
