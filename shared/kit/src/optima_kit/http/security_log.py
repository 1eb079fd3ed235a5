"""Logs who was refused, and from which address, because of a missing token or privilege or too many requests.

A caller who guesses causes thousands of refusals. Therefore one line a minute is written for each caller and
reason, and a few lines a second for all together. Each line says how many of its kind were left out before
it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import structlog

from ..actor import Actor
from ..refusals import Refusal, TooMany
from ..tracing import tenant_mark
from .rate import RateLimit

log = structlog.get_logger()

_PER_SECOND: Final = 5.0
_OF_ONE_PER_SECOND: Final = 1 / 60
_REMEMBERED: Final = 10_000


class SecurityLog:
    """The security log of one process."""

    def __init__(
        self, per_second: float = _PER_SECOND, of_one_per_second: float = _OF_ONE_PER_SECOND
    ) -> None:
        self._all = RateLimit(per_second)
        self._each = RateLimit(of_one_per_second)
        self._unwritten: OrderedDict[object, int] = OrderedDict()

    def note(self, refusal: Refusal, actor: Actor | None, address: str, method: str, path: str) -> None:
        who = address if actor is None else actor.person_id
        kind = who, refusal.code
        try:
            self._each.take(kind)
            self._all.take(None)
        except TooMany:
            self._unwritten[kind] = self._unwritten.pop(kind, 0) + 1
            if len(self._unwritten) > _REMEMBERED:
                self._unwritten.popitem(last=False)
            return
        known = (
            {} if actor is None else {"person": str(actor.person_id), "tenant": tenant_mark(actor.tenant_id)}
        )
        log.warning(
            "access refused",
            code=refusal.code,
            **known,
            address=address,
            method=method,
            route=path,
            **{name: str(value) for name, value in refusal.facts.items() if name == "privilege"},
            unwritten=self._unwritten.pop(kind, 0),
        )
