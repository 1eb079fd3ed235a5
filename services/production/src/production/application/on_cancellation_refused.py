"""React when logistics reports that goods had left before a cancellation reached it: the order continues."""

from __future__ import annotations

from optima_contracts.logistics import CancellationRefused
from optima_kit.refusals import NotYet

from .ports import Ports
from .reinstate_order import reinstate_order


async def on_cancellation_refused(ports: Ports, event: CancellationRefused) -> None:
    """Undo a cancellation of the order made here, and forget the brief's cancellation. If the brief's
    cancellation is still to arrive, it will find that goods have left, unless all of them are known to be
    back by then.

    A duplicate event finds the order continued and changes nothing. Waits until the order is known.
    """
    await ports.orders.get_or_create_brief(event.brief_id)
    order = await ports.orders.lock_order(event.order_id)
    if order is None:
        raise NotYet(f"order {event.order_id} is not known yet")
    ports.orders.update_brief_going_on(event.brief_id)
    out = event.shipment_ids is None or await ports.orders.insert_awaited_shipments(
        event.order_id, event.shipment_ids
    )
    await reinstate_order(ports, order, goods_are_out=out)
