"""Values that one page passes to the next in a sealed hidden field, so that no process stores them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import orjson

from optima_kit.sealing import SealBroken, Sealer

_LASTS: Final = timedelta(minutes=10)


class CarriedValues:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def sealed(self, purpose: str, values: Mapping[str, str], now: datetime) -> str:
        plain = orjson.dumps([(now + _LASTS).timestamp(), values])
        return base64.urlsafe_b64encode(self._sealer.sealed(plain, purpose)).decode()

    def opened(self, purpose: str, field: str, now: datetime) -> Mapping[str, str] | None:
        """Return the sealed values, or None if the field was not sealed here for that purpose, or was sealed
        more than ten minutes ago."""
        try:
            sealed = base64.b64decode(field.encode(), altchars=b"-_", validate=True)
            ends, values = orjson.loads(self._sealer.opened(sealed, purpose))
        except (SealBroken, binascii.Error, ValueError):
            return None
        return values if now.timestamp() < ends else None
