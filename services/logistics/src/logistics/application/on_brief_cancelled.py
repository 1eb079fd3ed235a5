"""A brief was cancelled: everything of it that has not left yet stops."""

from __future__ import annotations

from optima_contracts.brief import BriefCancelled

from .cancel_order import cancel_order, refuse_cancellation
from .ports import Ports


async def on_brief_cancelled(ports: Ports, cancelled: BriefCancelled) -> None:
    """A duplicate changes nothing. One that comes before the brief's order is remembered, and the order
    is then added as cancelled; most cancelled briefs never have one, so this does not wait for it.

    Whoever locks the order first, this or the issue of a document, wins: either no document is issued
    any more, or the goods have left and the cancellation is refused.
    """
    await ports.orders.lock_brief(cancelled.brief_id)
    ports.orders.update_brief_cancelled(cancelled.brief_id, cancelled.reason)
    for order in await ports.orders.lock_orders_of_brief(cancelled.brief_id):
        if out := await cancel_order(ports, order, cancelled.reason):
            await refuse_cancellation(ports, order, out)
