"""Every five minutes in each tenant that has webhooks: what was missed is made good, old attempts go."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from .ports import Ports
from .schedules import owe_deliveries, owe_look

ATTEMPTS_STAY: Final = timedelta(days=14)


async def look_after_webhooks(ports: Ports) -> None:
    """Owes deliveries to webhooks that should be on their way: an event that was recorded in the very moment
    when one was set up or recovered has woken nobody."""
    for webhook in await ports.webhooks.behind():
        owe_deliveries(ports, webhook)
    await ports.webhooks.delete_attempts(ports.now - ATTEMPTS_STAY)
    if await ports.webhooks.count():
        owe_look(ports)
