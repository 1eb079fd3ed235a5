"""Measures how busy a process's event loop is: everything that waits for the loop takes that much longer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from .metrics import LOOP_LAG_SECONDS

_EVERY_SECONDS: Final = 0.25


@asynccontextmanager
async def loop_lag_observed(every: float = _EVERY_SECONDS) -> AsyncIterator[None]:
    """Measure within the block, every `every` seconds, how much too late a timer fires."""
    task = asyncio.create_task(_observe(every), name="loop lag")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _observe(every: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every
        await asyncio.sleep(every)
        LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))
