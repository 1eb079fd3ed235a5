"""What takes long shares the event loop: a tenant does one such thing at a time, and others go on between its
slices."""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from ..domain.turns import Work

T = TypeVar("T")

ROUNDS: Final = 4
"""Rounds of the loop that others have between two slices: a request takes dozens, between its waits for the
database."""
_TENANTS: Final = WeakValueDictionary[UUID, asyncio.Lock]()


async def in_turns(tenant_id: UUID, work: Work[T]) -> T:
    """Raises what the work raises."""
    turn = _TENANTS.get(tenant_id) or _TENANTS.setdefault(tenant_id, asyncio.Lock())
    async with turn:
        while True:
            try:
                next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            await give_way()


async def give_way() -> None:
    """Others have their turn."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)
