"""React when production changes what was ordered: what is due where, and by when."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from optima_contracts.logistics import ShipmentCancelled
from optima_contracts.production import OrderChanged
from optima_kit.refusals import NotYet

from ..domain.orders import Order
from ..domain.shipments import OPEN, still_fits
from .facts import facts_of
from .on_order_confirmed import line_of
from .ports import Ports


async def on_order_changed(ports: Ports, changed: OrderChanged) -> None:
    """Store the new terms. Only the newest event counts; a late one never gets here. Open deliveries of what
    is no longer due are cancelled; issued documents stay. Waits until the order is known."""
    order = await ports.orders.lock_order(changed.order_id)
    if order is None:
        raise NotYet(f"order {changed.order_id} is not known yet")
    told = {line.job_id: line_of(line) for line in changed.lines}
    lines = {
        job_id: replace(line, quantity=told[job_id].quantity, deliveries=told[job_id].deliveries)
        if job_id in told
        else line
        for job_id, line in order.lines.items()
    }
    after = replace(order, lines=lines, deadline=changed.deadline)
    ports.orders.update_order_terms(
        after, [job_id for job_id in told if lines[job_id] != order.lines[job_id]]
    )
    await _cancel_what_is_not_due(ports, after, set(changed.changed_jobs))


async def _cancel_what_is_not_due(ports: Ports, order: Order, jobs: set[UUID]) -> None:
    reason = f"Ordine {order.number} modificato"
    for shipment in await ports.shipments.list_shipments_of_order(order.order_id):
        if shipment.state not in OPEN or not shipment.closes_order_line or jobs.isdisjoint(shipment.jobs):
            continue
        goods = await ports.orders.sum_goods(shipment.jobs)
        if still_fits(order, goods, shipment):
            continue
        cancelled = shipment.cancel(reason)
        fact = ShipmentCancelled(**facts_of(cancelled, order.goods), reason=reason)
        ports.shipments.update_shipment(cancelled)
        ports.outbox.add(fact, subject=cancelled.shipment_id, correlation=cancelled.correlation)
