"""Stop an order: its open phases end, and with them their assignees' access."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.production import OrderCancelled

from ..domain import phase_steps
from ..domain.order import FullOrder, Order, cancelled
from .end_amendments import end_lapsed_amendments
from .ports import Ports
from .set_economics import tell_changed_costs
from .tell_work_outside import tell_work_outside


def stop_order(ports: Ports, before: FullOrder, reason: str) -> FullOrder:
    """Cancel the order. Raises WrongState if it is cancelled already or goods have left."""
    order = cancelled(before.order, before.progress, reason, ports.now)
    after = replace(before, order=order).with_jobs(*map(phase_steps.cancelled, before.jobs))
    tell_changed_costs(ports, before, after)
    tell_work_outside(ports, before, after)
    end_lapsed_amendments(ports, after)
    ports.orders.update_order(before, after)
    tell_of_cancellation(ports, order, goods_came_back=before.documents)
    return after


def tell_of_cancellation(ports: Ports, order: Order, *, goods_came_back: bool) -> None:
    """Publish the cancellation. Once goods had left, the brief is cancelled with its order only if they came
    back."""
    event = OrderCancelled(
        order_id=order.id,
        brief_id=order.brief_id,
        reason=order.cancellation_reason or "",
        goods_came_back=True if goods_came_back else None,
    )
    ports.outbox.add(event, subject=order.id, correlation=order.correlation_id)
