"""Lets long computations share the event loop. Each tenant has one such computation at a time, and other work
goes on between its slices. Reading and judging a large content is done in this way too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from ..domain.turns import Work

T = TypeVar("T")

ROUNDS: Final = 4
"""How many rounds of the event loop other work gets between two slices. A request takes dozens of rounds
between its waits for the database."""
LONG: Final = 0.005
"""In seconds. After a slice that took longer, other work gets as long as the slice took. Such a slice could
not be divided: it was, for example, a condition that goes through two thousand rows."""
LARGE: Final = 500
"""A content with more values than this is large. Ordinary ones hold a few dozen, and are processed in one
go."""
_TENANTS: Final = WeakValueDictionary[UUID, asyncio.Lock]()


async def in_turns(tenant_id: UUID, work: Work[T]) -> T:
    """Do the work slice by slice and return its result. Raises what the work raises."""
    turn = _TENANTS.get(tenant_id) or _TENANTS.setdefault(tenant_id, asyncio.Lock())
    async with turn:
        while True:
            began = time.perf_counter()
            try:
                next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            await give_way(time.perf_counter() - began)


async def give_way(after: float = 0.0) -> None:
    """Let other work run, after a slice that took `after` seconds."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)
    if after > LONG:
        await asyncio.sleep(after)


def is_large(content: Mapping[str, Any]) -> bool:
    values, inside = 0, list[Any]([content])
    while inside:
        each = inside.pop()
        values += len(each)
        if values > LARGE:
            return True
        inside += [
            part
            for part in (each.values() if isinstance(each, dict) else each)
            if isinstance(part, dict | list)
        ]
    return False
