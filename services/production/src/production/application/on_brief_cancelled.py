"""Stop the order of a cancelled brief."""

from __future__ import annotations

from optima_contracts.brief import BriefCancelled

from ..domain.order import may_be_cancelled
from .ports import Ports
from .stop_order import stop_order


async def on_brief_cancelled(ports: Ports, event: BriefCancelled) -> None:
    """Record the cancellation, so that a later approval makes no order, and stop the order if there is one.

    If goods have left, logistics will refuse the cancellation and the brief continues. If logistics knows
    already that they are back, production will learn it too (`on_shipment_changed`). A duplicate event finds
    the order cancelled and changes nothing.
    """
    met = await ports.orders.get_or_create_brief(event.brief_id)
    ports.orders.update_brief_cancelled(event.brief_id, event.reason)
    if met.order_id is None:
        return
    order = await ports.orders.lock_order(met.order_id)
    assert order is not None
    if may_be_cancelled(order.order, order.progress):
        stop_order(ports, order, event.reason)
