"""React to a brief that continues, because goods had left when it was cancelled."""

from __future__ import annotations

from optima_contracts.brief import BriefCancellationRevoked

from ..domain.machine import OrderState
from .ports import Ports
from .reinstate_order import reinstate_order


async def on_cancellation_revoked(ports: Ports, event: BriefCancellationRevoked) -> None:
    """Forget the cancellation, and undo what followed from it here. A duplicate event changes nothing."""
    met = await ports.orders.get_or_create_brief(event.brief_id)
    ports.orders.update_brief_going_on(event.brief_id)
    if met.order_id is None or met.cancellation_reason is None:
        return
    order = await ports.orders.lock_order(met.order_id)
    assert order is not None
    stopped = order.order.state is OrderState.CANCELLED
    if stopped and order.order.cancellation_reason == met.cancellation_reason:
        await reinstate_order(ports, order, goods_are_out=False)
