"""React when production cancels an order."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.production import OrderCancelled
from optima_kit.refusals import NotYet

from .allocate_goods import release_what_is_left
from .cancel_order import cancel_order, refuse_cancellation
from .ports import Ports


async def on_order_cancelled(ports: Ports, cancelled: OrderCancelled) -> None:
    """Cancel the order. A duplicate event changes nothing. What was set aside for it goes back to its
    articles. Waits until the order is known.

    If the event only follows from the brief's cancellation, `on_brief_cancelled` has answered that already.
    """
    already_answered = (
        cancelled.brief_id is not None and await ports.orders.lock_brief(cancelled.brief_id) is not None
    )
    accounts = await ports.orders.lock_accounts_of_order(cancelled.order_id)
    order = await ports.orders.lock_order(cancelled.order_id)
    if order is None:
        raise NotYet(f"order {cancelled.order_id} is not known yet")
    out = await cancel_order(ports, order, cancelled.reason)
    if not out:
        stopped = replace(order, cancelled_because=order.cancelled_because or cancelled.reason)
        await release_what_is_left(ports, stopped, accounts)
    elif not already_answered:
        await refuse_cancellation(ports, order, out)
