"""What takes long shares the event loop: a tenant does one such thing at a time, and others go on between its
slices. So does whatever goes through a large content: taking it in, and judging it."""

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
"""Rounds of the loop that others have between two slices: a request takes dozens, between its waits for the
database."""
LONG: Final = 0.005
"""Seconds. Others have as long as a slice took, if it took longer: it was one piece, such as a condition that
goes through two thousand rows."""
LARGE: Final = 500
"""Values of a content that is large: ordinary ones hold a few dozen, and are done with at once."""
_TENANTS: Final = WeakValueDictionary[UUID, asyncio.Lock]()


async def in_turns(tenant_id: UUID, work: Work[T]) -> T:
    """Raises what the work raises."""
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
    """Others have their turn, after a slice of so many seconds."""
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
