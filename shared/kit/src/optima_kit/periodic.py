"""Runs something periodically as long as the process runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from .postgres import UNAVAILABLE

_LOG = structlog.get_logger(__name__)


class Periodic:
    """Calls `turn` at the start, and again `seconds` after each end, until `stop`. A failure is logged and
    does not end the series."""

    def __init__(self, name: str, seconds: float, turn: Callable[[], Awaitable[object]]) -> None:
        self._name = name
        self._seconds = seconds
        self._turn = turn
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """End the series, and interrupt a running turn."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._turn()
            except UNAVAILABLE as error:
                _LOG.warning("put off", what=self._name, error=repr(error))
            except Exception:
                _LOG.exception("failed", what=self._name)
            await asyncio.sleep(self._seconds)
