"""Backoffice cancels an order."""

from __future__ import annotations

from uuid import UUID

from optima_kit.refusals import Absent

from .ports import Ports
from .stop_order import stop_order


async def cancel_order(ports: Ports, order_id: UUID, reason: str) -> None:
    order = await ports.orders.lock(order_id)
    if order is None:
        raise Absent("order_absent")
    stop_order(ports, order, reason)
