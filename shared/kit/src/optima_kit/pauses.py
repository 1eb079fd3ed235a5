"""Pauses between attempts."""

from __future__ import annotations

import random
from collections.abc import Callable

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


def pauses(first: float = _FIRST_PAUSE, longest: float = _LONGEST_PAUSE) -> Callable[[], float]:
    """Return a function that gives the next pause in seconds. Pauses grow, with jitter, so that processes do
    not try again at the same moment."""
    length = first

    def following() -> float:
        nonlocal length
        chosen = length * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        length = min(length * 2, longest)
        return chosen

    return following
