"""React to a brief that continues, because goods had left when it was cancelled."""

from __future__ import annotations

from optima_contracts.brief import BriefCancellationRevoked

from .ports import Ports


async def on_cancellation_revoked(ports: Ports, revoked: BriefCancellationRevoked) -> None:
    """Take back the order's cancellation. A duplicate event changes nothing. Shipments that were cancelled
    stay cancelled; new ones may be drafted."""
    await ports.orders.lock_brief(revoked.brief_id)
    ports.orders.update_brief_cancelled(revoked.brief_id, None)
    for order in await ports.orders.lock_orders_of_brief(revoked.brief_id):
        ports.orders.update_order_cancelled(order.order_id, None)
