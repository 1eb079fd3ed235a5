"""Backoffice cancels an order."""

from __future__ import annotations

from uuid import UUID

from .access import order_to_change
from .ports import Ports
from .stop_order import stop_order


async def cancel_order(ports: Ports, order_id: UUID, reason: str) -> None:
    stop_order(ports, await order_to_change(ports, order_id), reason)
