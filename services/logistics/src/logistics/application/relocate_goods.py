"""Move goods from one location of a warehouse to another."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_contracts.logistics import GoodsRelocated
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor

from ..domain.holds import HoldKind, hold_in
from ..domain.lookups import Warehouse
from ..domain.stock import relocation
from .draft_shipment import find_named
from .keep_locations import locations_must_be_known
from .named_goods import order_of_goods
from .ports import MovementRow, Ports


async def relocate_goods(
    ports: Ports,
    actor: Actor,
    *,
    warehouse: str,
    job_id: UUID,
    quantity: Decimal,
    from_location: str | None,
    lot: str | None,
    to_location: str,
    held: bool,
) -> MovementRow:
    """Move goods. `from_location` and `lot` may be omitted if all the goods lie in one place. `held` moves
    goods that are held back, and they stay held back. Returns the movement into the new location. Raises
    Absent for an unknown job, WrongState beyond what lies there."""
    order = await order_of_goods(ports, job_id)
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    await locations_must_be_known(ports, warehouse, {"to_location": to_location})
    goods = await ports.orders.sum_goods([job_id])
    place = goods.place_named(warehouse, job_id, from_location, lot, held=held)
    gone, came = relocation(goods, place, to_location, quantity, ports.new_id, held=held)
    ports.ledger.insert_movements([gone, came])
    if held:
        ports.ledger.insert_holds(
            [
                hold_in(each.place, ports.new_id(), HoldKind.RELOCATED, each.quantity, f"→ {to_location}")
                for each in (gone, came)
            ]
        )
    fact = GoodsRelocated(
        movement_id=came.movement_id,
        order_id=order.order_id,
        job_id=job_id,
        warehouse=warehouse,
        from_location=place.location or None,
        to_location=to_location or None,
        lot=place.lot or None,
        quantity=quantity_text(quantity),
        unit=order.lines[job_id].unit,
        held=held or None,
    )
    ports.outbox.add(fact, subject=came.movement_id, correlation=order.correlation(job_id))
    return MovementRow(came, order.lines[job_id].unit, ports.now, actor.person_id, found)
