"""How long a batch of messages waits for more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from optima_kit import broker
from optima_kit.broker import Subscription
from optima_kit.frames import Delivery

FIRST, SECOND = (Delivery(tag, "", b"") for tag in (1, 2))
FOREVER = 3600.0


class Queue:
    """A subscription whose messages the test delivers, and the clock that it looks at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(broker, "time", SimpleNamespace(monotonic=lambda: self.now))
        channel: Any = SimpleNamespace(closed=asyncio.get_running_loop().create_future(), is_open=True)
        self.subscription = Subscription(channel)

    def deliver(self, delivery: Delivery) -> None:
        self.subscription._on_message(delivery)

    async def ask(self, limit: int = 100, *, linger: float) -> asyncio.Task[list[Delivery]]:
        """Begin to wait for a batch."""
        batch = asyncio.ensure_future(asyncio.wait_for(self.subscription.batch(limit, linger=linger), 30))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return batch


@pytest.fixture
async def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    return Queue(monkeypatch)


async def test_a_message_that_follows_soon_is_waited_beside(queue: Queue) -> None:
    queue.deliver(FIRST)
    batch = await queue.ask(linger=0.01)
    queue.deliver(SECOND)
    assert await batch == [FIRST, SECOND]


async def test_a_message_after_a_pause_is_handled_at_once(queue: Queue) -> None:
    batch = await queue.ask(linger=FOREVER)
    queue.now += FOREVER
    queue.deliver(FIRST)
    assert await batch == [FIRST]


async def test_a_full_batch_waits_for_nothing(queue: Queue) -> None:
    queue.deliver(FIRST)
    queue.deliver(SECOND)
    assert await (await queue.ask(1, linger=FOREVER)) == [FIRST]
    assert await (await queue.ask(1, linger=FOREVER)) == [SECOND]
