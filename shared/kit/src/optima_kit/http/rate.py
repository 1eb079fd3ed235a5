"""Limits how many requests one caller may send."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from ..refusals import TooMany

_REMEMBERED_CALLERS: Final = 10_000


class RateLimit:
    """A token bucket for each caller, in this process's memory."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._most = max(2 * per_second, 1.0)
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, caller: object) -> None:
        """Count a request. Raises TooMany if the caller has used up its share."""
        now = time.monotonic()
        left, since = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        self._buckets[caller] = (max(left - 1, 0.0), now)
        if len(self._buckets) > _REMEMBERED_CALLERS:
            self._buckets.popitem(last=False)
        if left < 1:
            raise TooMany("too_many", seconds=max(1, round((1 - left) / self._rate)))
