"""A cancelled brief stops its order."""

from __future__ import annotations

from optima_contracts.brief import BriefCancelled

from ..domain.order import may_be_cancelled
from .ports import Ports
from .stop_order import stop_order


async def on_brief_cancelled(ports: Ports, event: BriefCancelled) -> None:
    """Without an order, the brief is remembered, so that an approval that comes later makes none.

    Nothing happens when goods have left: logistics says so, and the brief goes on. A duplicate finds the
    order cancelled and changes nothing.
    """
    met = await ports.orders.meet_brief(event.brief_id)
    if met.order_id is None:
        await ports.orders.remember_cancelled_brief(event.brief_id, ports.now)
        return
    order = await ports.orders.lock(met.order_id)
    assert order is not None
    if may_be_cancelled(order, await ports.orders.progress(order.id)):
        await stop_order(ports, order, event.reason)
