"""The demonstration's customer at hand: what a test begins with is written through the API, by people who are
signed in once for all tests. Playwright's thread has an event loop of its own: it is done in another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from optima_local.demonstration.customer import Customer
from optima_local.demonstration.show import Stage
from optima_local.demonstration.show import customer_of as signed_in_customer_of

Result = TypeVar("Result")

_PATIENCE_SECONDS: Final = 30.0
_KEPT: Final[dict[Path, tuple[AsyncExitStack, Customer]]] = {}


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="world", daemon=True).start()
    return loop


def done(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine gives, run beside Playwright."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


@asynccontextmanager
async def customer_of(stage: Stage) -> AsyncIterator[Customer]:
    """The customer, set up, with everybody signed in: the same one each time. Whoever needs a fresh proof of
    who they are signs in anew."""
    if stage.progress not in _KEPT:
        opened = AsyncExitStack()
        customer = await opened.enter_async_context(signed_in_customer_of(stage, patience=_PATIENCE_SECONDS))
        _KEPT[stage.progress] = opened, customer
    yield _KEPT[stage.progress][1]


def forget() -> None:
    """Closes what was opened."""
    while _KEPT:
        _, (opened, _) = _KEPT.popitem()
        done(opened.aclose())
