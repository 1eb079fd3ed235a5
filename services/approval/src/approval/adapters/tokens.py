"""The tokens in e-mail links. They are computed from the link's id and a secret, so that none is stored."""

from __future__ import annotations

import base64
import hmac
from uuid import UUID

from optima_kit.refusals import Absent

_SIGNATURE_BYTES = 32


class LinkTokens:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, tenant_id: UUID, link_id: UUID) -> str:
        named = tenant_id.bytes + link_id.bytes
        return base64.urlsafe_b64encode(named + self._signature(named)).decode().rstrip("=")

    def read(self, token: str) -> tuple[UUID, UUID]:
        """Return the ids of the tenant and the link. Raises Absent if the token was not made with this
        secret."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise Absent("link_absent") from None
        named, signature = raw[:32], raw[32:]
        if len(raw) != 32 + _SIGNATURE_BYTES or not hmac.compare_digest(signature, self._signature(named)):
            raise Absent("link_absent")
        return UUID(bytes=named[:16]), UUID(bytes=named[16:])

    def _signature(self, named: bytes) -> bytes:
        return hmac.digest(self._secret, b"decision link" + named, "sha256")
