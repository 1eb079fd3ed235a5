"""The sender's calendar day."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from ..domain.ddt import TIME_ZONE
from .ports import Ports


async def today_of(ports: Ports) -> date:
    """Return today's date in the sender's time zone."""
    sender, _ = await ports.lookups.find_with_sender([])
    return ports.now.astimezone(ZoneInfo(sender.time_zone if sender else TIME_ZONE)).date()
