"""React when goods of a phase go to a company outside, or come back from it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from ..domain.job import ENDED, OVER
from ..domain.job_changes import with_cost_of_work
from ..domain.outside import CameBack
from ..domain.shipments import GOODS_OUT, Shipment
from .access import phase_to_change
from .ports import Ports
from .set_economics import tell_changed_costs


async def on_goods_sent(ports: Ports, shipment: Shipment) -> None:
    """Record what a shipment has taken outside. Only the newest event counts; duplicate and late ones change
    nothing. Goods that belong to no phase (finished goods on loan, a transfer) don't concern production."""
    for phase_id, quantity in shipment.quantities.items():
        if await ports.orders.lock_phase(phase_id) is not None:
            sent = quantity if shipment.state in GOODS_OUT else Decimal(0)
            ports.orders.upsert_sent_outside(phase_id, shipment.id, shipment.sequence, sent)


async def on_goods_back(ports: Ports, return_id: UUID, back: dict[UUID, CameBack]) -> None:
    """Record by phase what came back; goods of no phase are ignored. What comes back after the phase is done
    or was given up may still cost something, until the order has ended. A duplicate event changes nothing."""
    for phase_id, quantity in back.items():
        found = await ports.orders.lock_phase(phase_id)
        if found is None:
            continue
        ports.orders.insert_back_from_outside(phase_id, return_id, quantity)
        if found.phase.state in OVER and found.order_state not in ENDED:
            await _follow_delivery(ports, phase_id)


async def _follow_delivery(ports: Ports, phase_id: UUID) -> None:
    found = await phase_to_change(ports, phase_id)
    after = with_cost_of_work(found.job)
    if after != found.job:
        order = found.order.with_jobs(replace(after, version=after.version + 1))
        tell_changed_costs(ports, found.order, order)
        ports.orders.update_order(found.order, order)
