"""Long work as a generator: it yields wherever others may have their turn, and returns what it found out."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

Work = Generator[None, None, T]


def finished(work: Work[T]) -> T:
    """Does all of it at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
