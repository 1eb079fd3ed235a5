"""Checks a tenant's webhooks regularly: schedules missed deliveries and deletes old attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from .ports import Ports
from .schedules import end_checks, schedule_deliveries

ATTEMPTS_STAY: Final = timedelta(days=14)


async def look_after_webhooks(ports: Ports) -> None:
    """Schedule deliveries to active webhooks that are behind the trail, delete old attempts, and end the
    checks if no webhook is left. A webhook is behind if, for example, an event was recorded at the very
    moment when the webhook was created or resumed, so that no delivery was scheduled for it."""
    for webhook in await ports.webhooks.behind():
        schedule_deliveries(ports, webhook)
    await ports.webhooks.delete_attempts(ports.now - ATTEMPTS_STAY)
    if not await ports.webhooks.count():
        end_checks(ports)
