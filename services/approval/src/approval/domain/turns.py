"""Long computations as generators. They yield wherever other work may have its turn, and return their
result."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

Work = Generator[None, None, T]


def finished(work: Work[T]) -> T:
    """Do the whole work without a break and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
