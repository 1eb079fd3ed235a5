"""Production gave up an order."""

from __future__ import annotations

from optima_contracts.production import OrderCancelled
from optima_kit.refusals import NotYet

from .cancel_order import cancel_order, refuse_cancellation
from .ports import Ports


async def on_order_cancelled(ports: Ports, cancelled: OrderCancelled) -> None:
    """A duplicate changes nothing. Waits for the order, if that is not known yet.

    Where it only follows the brief's cancellation, `on_brief_cancelled` has answered that already.
    """
    already_answered = (
        cancelled.brief_id is not None and await ports.orders.lock_brief(cancelled.brief_id) is not None
    )
    order = await ports.orders.lock_order(cancelled.order_id)
    if order is None:
        raise NotYet(f"order {cancelled.order_id} is not known yet")
    out = await cancel_order(ports, order, cancelled.reason)
    if out and not already_answered:
        await refuse_cancellation(ports, order, out)
