"""React when goods leave, arrive or come back, or their document is voided: the order's state follows."""

from __future__ import annotations

from dataclasses import replace

from optima_kit.refusals import NotYet

from ..domain.machine import OrderState
from ..domain.order import FullOrder, after_return_of_goods, may_be_cancelled, nothing_can_be_delivered
from ..domain.shipments import GOODS_OUT, Shipment
from .advance_order import advance_order
from .end_amendments import end_lapsed_amendments
from .ports import Ports
from .reinstate_order import reinstate_order
from .stop_order import stop_order, tell_of_cancellation


async def on_shipment_changed(ports: Ports, shipment: Shipment) -> None:
    """Store the shipment and update its order. Each event has all lines of the shipment, so only the newest
    counts; duplicate and late ones change nothing. Waits until the order is known.

    If goods had left when backoffice cancelled their order, the order continues. For a brief's order
    logistics decides that itself, by refusing the cancellation. If a brief was cancelled while goods seemed
    to be away, its order stops once they are back. If they had left and come back before the order was
    cancelled, but this is heard only now, the cancellation is published again and says so.
    """
    found = await ports.orders.lock_order_of_shipment(shipment)
    if found is None:
        raise NotYet(f"order {shipment.order_id} is not known yet")
    before = found.order
    ports.orders.upsert_shipment(shipment, newest=shipment.sequence >= found.known_sequence)
    if shipment.sequence < found.known_sequence:
        return
    if before.order.state is OrderState.CANCELLED:
        if before.order.brief_id is None and shipment.state in GOODS_OUT:
            await reinstate_order(ports, await _whole(ports, before))
        elif shipment.state not in GOODS_OUT and not found.other_goods_out:
            tell_of_cancellation(ports, before.order, goods_came_back=True)
        return
    if shipment.state in GOODS_OUT:
        after = advance_order(ports, before.with_shipment(shipment))
        ports.orders.update_order(before, after)
        if after.order.state is OrderState.DELIVERED and before.order.state is not OrderState.DELIVERED:
            end_lapsed_amendments(ports, await _whole(ports, after))
        return
    back = before if found.other_goods_out else replace(before, order=after_return_of_goods(before.order))
    if nothing_can_be_delivered(back.progress):
        ports.orders.update_order(before, back)
        await _cancel_closed_order(ports, back)
        return
    after = advance_order(ports, back)
    ports.orders.update_order(before, after)
    await _stop_if_its_brief_was_cancelled(ports, after)


async def _cancel_closed_order(ports: Ports, order: FullOrder) -> None:
    """Cancel an order whose lines are closed short, after the last of its goods have come back."""
    whole = await _whole(ports, order)
    reasons = dict.fromkeys(job.closed_because for job in whole.jobs if job.closed_because)
    stop_order(ports, whole, "; ".join(reasons))


async def _stop_if_its_brief_was_cancelled(ports: Ports, order: FullOrder) -> None:
    if order.order.brief_id is None or not may_be_cancelled(order.order, order.progress):
        return
    reason = await ports.orders.find_brief_cancellation(order.order.brief_id)
    if reason is not None:
        stop_order(ports, await _whole(ports, order), reason)


async def _whole(ports: Ports, order: FullOrder) -> FullOrder:
    """Return the order with its jobs, which most shipments do not need."""
    whole = await ports.orders.lock_order(order.order.id)
    assert whole is not None
    return whole
