"""Who was refused for want of a valid token or a privilege, or for asking too often: what, and from where.

A guesser makes thousands of refusals: of one caller and reason a line a minute is written, of all together a
few a second. Each line says how many of its kind went before it unwritten.
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
    """Of one process."""

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
