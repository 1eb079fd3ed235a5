"""Take back goods that were delivered, from a customer or from the company that worked on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_contracts.logistics import GoodsReturned, ReturnedGoods
from optima_contracts.quantities import quantity_text

from ..domain.document_types import DocumentType, must_be_in_force
from ..domain.lookups import Warehouse
from ..domain.shipments import Return, ReturnedLine, Shipment
from ..domain.stock import DIFFERENCES, Kind
from .changing import shipment_to_change
from .draft_shipment import find_named
from .facts import stock_adjusted
from .hold_goods import Whose, hold_what_came
from .keep_locations import places_for
from .ports import Ports, ShipmentRow


async def take_back(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    document_type: str,
    warehouse: str,
    number: str | None,
    on: date | None,
    reason: str,
    lines: Sequence[ReturnedLine],
    hold_reason: str | None = None,
) -> ShipmentRow:
    """Take goods back. `on` is today if None. If `hold_reason` is given, what is not scrap is held back for
    its quality. What the order counts as delivered does not change."""
    row = await shipment_to_change(ports, shipment_id, expected_version)
    found = await find_named(
        ports,
        ("document_type", DocumentType, document_type),
        ("warehouse", Warehouse, warehouse),
    )
    named_places = {f"lines[{index}].location": line.location for index, line in enumerate(lines)}
    places = await places_for(ports, warehouse, named_places)
    lines = [
        replace(_with_lot(row.shipment, line), location=place)
        for line, place in zip(lines, places.values(), strict=True)
    ]
    kind = found.get(DocumentType, document_type)
    assert kind is not None
    zone = ZoneInfo(row.time_zone)
    today = ports.now.astimezone(zone).date()
    must_be_in_force(kind, on or today)
    returned = Return(
        ports.new_id(), shipment_id, kind.code, warehouse, number, on or today, reason, tuple(lines)
    )
    after = row.shipment.take_back(
        returned,
        sent_as=row.lookups.get(DocumentType, row.shipment.document_type),
        comes_as=kind,
        today=today,
        zone=zone,
    )
    return await _save(ports, row, after, returned, hold_reason)


def _with_lot(shipment: Shipment, line: ReturnedLine) -> ReturnedLine:
    """Fill in the lot if the goods left as one lot."""
    lots = shipment.lots_of(line.job_id)
    return replace(line, lot=lots[0]) if line.lot is None and len(lots) == 1 else line


async def _save(
    ports: Ports, row: ShipmentRow, after: Shipment, returned: Return, hold_reason: str | None
) -> ShipmentRow:
    goods = await ports.orders.sum_goods(after.jobs)
    movements = returned.movements(ports.new_id, after.in_process)
    ports.ledger.insert_movements(movements, gone=goods.gone_after(movements))
    ports.shipments.update_shipment(after)
    ports.shipments.insert_return(returned)
    assert row.ddt is not None
    fact = GoodsReturned(
        return_id=returned.return_id,
        shipment_id=after.shipment_id,
        order_id=after.order_id,
        brief_id=after.brief_id,
        ddt_number=row.ddt.number,
        document_type=returned.document_type,
        warehouse=returned.warehouse,
        number=returned.number,
        date=returned.date,
        reason=returned.reason,
        lines=[
            ReturnedGoods(
                job_id=line.job_id,
                description=row.goods[line.job_id].description,
                quantity=quantity_text(line.quantity),
                unit=row.goods[line.job_id].unit,
                # Goods to be worked on again are in stock and held back: `goods_held` reports that.
                disposition="scrap" if line.disposition == "scrap" else "stock",
            )
            for line in returned.lines
        ],
        closes_order_line=after.closes_order_line,
    )
    ports.outbox.add(fact, subject=returned.return_id, correlation=after.correlation)
    for movement in movements:
        if movement.kind in DIFFERENCES:
            adjusted = stock_adjusted(movement, after.order_id, row.goods[movement.job_id].unit)
            ports.outbox.add(adjusted, subject=movement.movement_id, correlation=after.correlation)
    units = {job_id: carried.unit for job_id, carried in row.goods.items()}
    whose = Whose(after.order_id, units, lambda _: after.correlation)
    for disposition, because in (("stock", hold_reason), ("rework", hold_reason or returned.reason)):
        jobs = {line.job_id for line in returned.lines if line.disposition == disposition}
        came = [each for each in movements if each.kind is Kind.RETURN and each.job_id in jobs]
        hold_what_came(ports, whose, goods, came, because)
    return replace(row, shipment=after)
