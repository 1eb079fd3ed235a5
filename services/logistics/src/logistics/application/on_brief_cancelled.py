"""React to a cancelled brief: everything of it that has not left yet stops."""

from __future__ import annotations

from optima_contracts.brief import BriefCancelled

from .cancel_order import cancel_order, refuse_cancellation
from .ports import Ports


async def on_brief_cancelled(ports: Ports, cancelled: BriefCancelled) -> None:
    """Cancel the brief's order. A duplicate event changes nothing. If the event comes before the brief's
    order, it is remembered and the order is later inserted as cancelled; it does not wait for the order,
    because most cancelled briefs never have one.

    The first to lock the order wins, this reaction or the issue of a document: either no document can be
    issued any more, or the goods have left and the cancellation is refused.
    """
    await ports.orders.lock_brief(cancelled.brief_id)
    ports.orders.update_brief_cancelled(cancelled.brief_id, cancelled.reason)
    for order in await ports.orders.lock_orders_of_brief(cancelled.brief_id):
        if out := await cancel_order(ports, order, cancelled.reason):
            await refuse_cancellation(ports, order, out)
