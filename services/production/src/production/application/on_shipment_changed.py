"""Goods left, arrived, came back, or their document was voided: the order follows."""

from __future__ import annotations

from optima_kit.refusals import NotYet

from ..domain.order import Order, OrderState, may_be_cancelled
from ..domain.shipments import GOODS_OUT, Shipment
from .advance_order import advance_order
from .ports import Ports
from .reinstate_order import reinstate_order
from .stop_order import stop_order


async def on_shipment_changed(ports: Ports, shipment: Shipment) -> None:
    """Each word about a shipment carries all its lines, so the newest alone counts: duplicates and late ones
    change nothing. A shipment of an order that is not known yet is awaited.

    Goods that had left when backoffice cancelled their order let it go on. Of a brief's order, logistics
    says so itself, by refusing the cancellation; goods that are back, of a brief that was cancelled while
    they seemed to be away, end it.
    """
    order = await ports.orders.lock(shipment.order_id)
    if order is None:
        raise NotYet(f"order {shipment.order_id} is not known yet")
    if not await ports.orders.record_shipment(shipment):
        return
    if order.state is OrderState.CANCELLED:
        if order.brief_id is None and shipment.state in GOODS_OUT:
            await reinstate_order(ports, order)
        return
    order = await advance_order(ports, order)
    if shipment.state not in GOODS_OUT:
        await _stop_if_its_brief_was_cancelled(ports, order)


async def _stop_if_its_brief_was_cancelled(ports: Ports, order: Order) -> None:
    if order.brief_id is None or not may_be_cancelled(order, await ports.orders.progress(order.id)):
        return
    reason = await ports.orders.reason_of_cancelled_brief(order.brief_id)
    if reason is not None:
        await stop_order(ports, order, reason)
