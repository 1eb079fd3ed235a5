"""Stopping an order: its open phases end, and with them their assignees' access."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.production import OrderCancelled

from ..domain import job as jobs
from ..domain.order import FullOrder, cancelled
from .ports import Ports


def stop_order(ports: Ports, before: FullOrder, reason: str) -> FullOrder:
    """Raises WrongState when the order is cancelled already or goods have left."""
    order = cancelled(before.order, before.progress, reason, ports.now)
    after = replace(before, order=order).with_jobs(*map(jobs.cancelled, before.jobs))
    ports.orders.update_order(before, after)
    ports.outbox.add(
        OrderCancelled(
            order_id=order.id,
            brief_id=order.brief_id,
            reason=reason,
            goods_came_back=True if before.documents else None,
        ),
        subject=order.id,
        correlation=order.correlation_id,
    )
    return after
