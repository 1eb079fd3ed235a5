"""Save a change of what was ordered, together with what was before, and publish the new state."""

from __future__ import annotations

from optima_contracts.production import OrderChanged

from ..domain.changes import OrderChange
from ..domain.order import FullOrder
from .end_amendments import end_lapsed_amendments
from .order_lines import lines_of
from .ports import Ports
from .set_economics import tell_changed_costs
from .tell_work_outside import tell_work_outside


def save_order_change(
    ports: Ports, before: FullOrder, after: FullOrder, change: OrderChange, *, told_as: str | None = None
) -> None:
    """Save the change. `told_as` is the reason in the event, if the change's own reason is not in its actor's
    words."""
    order = after.order
    ports.orders.update_order(before, after)
    ports.orders.update_terms(before, after)
    ports.orders.insert_change(change)
    tell_changed_costs(ports, before, after, change.changed_by)
    tell_work_outside(ports, before, after)
    end_lapsed_amendments(ports, after)
    event = OrderChanged(
        order_id=order.id,
        number=order.number,
        brief_id=order.brief_id,
        deadline=order.deadline,
        lines=lines_of(after.jobs),
        reason=told_as or change.reason,
        changed_jobs=[change.job_id] if change.job_id else [],
    )
    ports.outbox.add(event, subject=order.id, correlation=order.correlation_id)
