"""Receive finished goods into a warehouse."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_contracts.logistics import GoodsReceived
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.lookups import Warehouse
from ..domain.places import Place
from ..domain.stock import receive
from .draft_shipment import find_named
from .hold_goods import Whose, hold_what_came
from .keep_locations import places_for
from .ports import MovementRow, Ports


async def receive_goods(
    ports: Ports,
    actor: Actor,
    *,
    warehouse: str,
    job_id: UUID,
    quantity: Decimal,
    location: str | None = None,
    hold_reason: str | None = None,
) -> MovementRow:
    """Receive goods of a job. If `location` is None, they are put into the warehouse's default location. If
    `hold_reason` is given, they are held back for their quality at once. Raises Absent for an unknown job,
    WrongState for more than is finished."""
    order = await ports.orders.lock_order_of_job(job_id)
    if order is None or order.is_account:
        raise Absent("job_absent", field="job_id")
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    put = await places_for(ports, warehouse, {"location": location})
    goods = await ports.orders.sum_goods([job_id])
    movement = receive(
        order,
        goods,
        movement_id=ports.new_id(),
        place=Place(warehouse, job_id, put["location"]),
        quantity=quantity,
    )
    ports.ledger.insert_movements([movement])
    ports.outbox.add(
        GoodsReceived(
            movement_id=movement.movement_id,
            order_id=order.order_id,
            job_id=job_id,
            warehouse=warehouse,
            quantity=quantity_text(quantity),
            unit=order.lines[job_id].unit,
            location=movement.location or None,
        ),
        subject=movement.movement_id,
        correlation=order.correlation(job_id),
    )
    hold_what_came(ports, Whose.of(order), goods, [movement], hold_reason)
    return MovementRow(movement, order.lines[job_id].unit, ports.now, actor.person_id, found)
