"""Hold goods back for their quality, and release or scrap them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from optima_contracts.logistics import GoodsHeld, HoldEnded
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor

from ..domain.holds import ENDINGS, Ending, Hold, HoldKind, end_hold, hold, hold_in
from ..domain.lookups import Warehouse
from ..domain.orders import Order
from ..domain.stock import Goods, Movement, adjust
from .adjust_stock import record_difference
from .draft_shipment import find_named
from .named_goods import order_of_goods
from .ports import HoldRow, Ports


async def hold_goods(
    ports: Ports,
    actor: Actor,
    *,
    warehouse: str,
    job_id: UUID,
    quantity: Decimal,
    reason: str,
    location: str | None = None,
    lot: str | None = None,
) -> HoldRow:
    """Hold goods back. `location` and `lot` may be omitted if all the goods lie in one place. Raises Absent
    for an unknown job, WrongState beyond what is free."""
    order = await order_of_goods(ports, job_id)
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    goods = await ports.orders.sum_goods([job_id])
    held = hold(
        goods,
        hold_id=ports.new_id(),
        place=goods.place_named(warehouse, job_id, location, lot),
        quantity=quantity,
        reason=reason,
    )
    _record(ports, Whose.of(order), goods, held)
    return HoldRow(held, order.lines[job_id].unit, ports.now, actor.person_id, found)


async def end_hold_of(
    ports: Ports,
    actor: Actor,
    *,
    warehouse: str,
    job_id: UUID,
    ending: Ending,
    quantity: Decimal,
    reason: str,
    location: str | None = None,
    lot: str | None = None,
) -> HoldRow:
    """Release or scrap goods that are held back. `location` and `lot` may be omitted if all of them lie in
    one place. Raises Absent for an unknown job, WrongState beyond what is held or lies there."""
    order = await order_of_goods(ports, job_id)
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    goods = await ports.orders.sum_goods([job_id])
    place = goods.place_named(warehouse, job_id, location, lot, held=True)
    ended = end_hold(
        goods,
        hold_id=ports.new_id(),
        place=place,
        ending=ending,
        quantity=quantity,
        reason=reason,
    )
    if ending == "scrapped":
        scrap = adjust(
            order,
            goods,
            movement_id=ports.new_id(),
            place=place,
            kind="damaged",
            quantity=quantity,
            reason=reason,
        )
        record_difference(ports, order, goods, scrap)
    _record(ports, Whose.of(order), goods, ended)
    return HoldRow(ended, order.lines[job_id].unit, ports.now, actor.person_id, found)


def hold_what_came(
    ports: Ports, whose: Whose, goods: Goods, movements: Iterable[Movement], reason: str | None
) -> None:
    """Hold back everything that has just come in by `movements`, if a reason is given. `goods` are as they
    were before, read under their order's lock."""
    if reason is None:
        return
    for movement in movements:
        held = hold_in(movement.place, ports.new_id(), HoldKind.HELD, movement.quantity, reason)
        _record(ports, whose, goods, held)
        there = goods.held_at(held.place) + held.quantity
        goods = replace(goods, held={**goods.held, held.place: there})


@dataclass(frozen=True, slots=True)
class Whose:
    """The order or account of some goods, with the units and correlation ids of events about them."""

    order_id: UUID
    units: Mapping[UUID, str]
    """By job."""
    correlation: Callable[[UUID], UUID]
    """By job."""

    @classmethod
    def of(cls, order: Order) -> Whose:
        units = {job_id: line.unit for job_id, line in order.lines.items()}
        return cls(order.order_id, units, order.correlation)


def _record(ports: Ports, whose: Whose, goods: Goods, entry: Hold) -> None:
    ports.ledger.insert_holds([entry])
    facts = {
        "hold_id": entry.hold_id,
        "order_id": whose.order_id,
        "job_id": entry.job_id,
        "warehouse": entry.warehouse,
        "quantity": quantity_text(abs(entry.quantity)),
        "unit": whose.units[entry.job_id],
        "held": quantity_text(goods.held_back(entry.warehouse, entry.job_id) + entry.quantity),
        "reason": entry.reason,
        "location": entry.location or None,
        "lot": entry.lot or None,
    }
    ending = ENDINGS.get(entry.kind)
    fact = HoldEnded(**facts, ending=ending) if ending else GoodsHeld(**facts)
    ports.outbox.add(fact, subject=entry.hold_id, correlation=whose.correlation(entry.job_id))
