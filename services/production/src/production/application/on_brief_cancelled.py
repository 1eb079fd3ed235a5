"""A cancelled brief stops its order."""

from __future__ import annotations

from optima_contracts.brief import BriefCancelled

from ..domain.order import may_be_cancelled
from .ports import Ports
from .stop_order import stop_order


async def on_brief_cancelled(ports: Ports, event: BriefCancelled) -> None:
    """Remembered, so that an approval that comes later makes no order.

    When goods have left, logistics will refuse the cancellation, and the brief goes on; unless it knows
    already that they are back, and then so will production (`on_shipment_changed`). A duplicate finds the
    order cancelled and changes nothing.
    """
    met = await ports.orders.get_or_create_brief(event.brief_id)
    ports.orders.update_brief_cancelled(event.brief_id, event.reason)
    if met.order_id is None:
        return
    order = await ports.orders.lock_order(met.order_id)
    assert order is not None
    if may_be_cancelled(order.order, order.progress):
        stop_order(ports, order, event.reason)
