"""Record that goods arrived, either at the recipient, who may refuse some of them, or in another
warehouse."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from optima_contracts.logistics import ShipmentDelivered, ShipmentPartlyRefused
from optima_kit.refusals import Invalid

from ..domain.document_types import GoodsGoTo
from ..domain.shipments import ArrivedQuantities
from ..domain.stock import DIFFERENCES, Kind, Movement, must_be_findable
from .changing import consignment_to_change, save_and_tell
from .facts import facts_of, lines_of, stock_adjusted
from .ports import Ports, ShipmentRow
from .record_refusal import refuse


async def record_delivery(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    received_by: str,
    delivered_at: datetime | None,
    arrived: Sequence[ArrivedQuantities] = (),
    reason: str | None = None,
) -> ShipmentRow:
    """Record the delivery of the shipment and of those that travel with it; some of these may be refused
    whole. `delivered_at` is now if None. `arrived` names the lines that differ from the document, and
    `reason` says why."""
    consignment = await consignment_to_change(ports, shipment_id, expected_version)
    every = {job_id for row in consignment.rows for job_id in row.shipment.jobs}
    at = delivered_at or ports.now
    arrival = Arrival(received_by, at, arrived, reason, every)
    some = any(not row.shipment.has_nothing_of(arrived) for row in consignment.rows)
    after: list[ShipmentRow] = []
    for row in consignment.rows:
        if some and row.shipment.has_nothing_of(arrived):
            row.shipment.deliver(received_by, at, now=ports.now)  # checks the delivery as for all the others
            after.append(refuse(ports, row, _given(reason)))
        else:
            after.append(await _deliver(ports, row, arrival))
    return after[0]


@dataclass(frozen=True, slots=True)
class Arrival:
    received_by: str
    at: datetime
    arrived: Sequence[ArrivedQuantities]
    reason: str | None
    jobs: Collection[UUID]
    """The jobs of all shipments that travelled together."""


def _given(reason: str | None) -> str:
    if reason is None:
        raise Invalid("reason_missing", field="reason")
    return reason


async def _deliver(ports: Ports, row: ShipmentRow, arrival: Arrival) -> ShipmentRow:
    at, arrived, reason = arrival.at, arrival.arrived, arrival.reason
    besides = set(arrival.jobs) - set(row.shipment.jobs)
    delivered = row.shipment.deliver(arrival.received_by, at, now=ports.now, arrived=arrived, besides=besides)
    put_away = ""
    if delivered.goods_go_to is GoodsGoTo.WAREHOUSE:
        put_away = await ports.ledger.lock_put_away(delivered.destination)
    movements = delivered.goods_arrive(ports.new_id, arrived, reason, besides, put_away)
    differences = [each for each in movements if each.kind is not Kind.ARRIVAL]
    if differences:
        _given(reason)
    gone = await _gone_after(ports, row, arrived, movements) if differences else set()
    if movements:
        ports.ledger.insert_movements(movements, gone=gone)
    fact = ShipmentDelivered(
        **facts_of(delivered, row.goods), delivered_at=at, received_by=arrival.received_by
    )
    after = save_and_tell(ports, row, delivered, fact)
    _tell_of(ports, after, differences, reason or "")
    return after


def _tell_of(ports: Ports, row: ShipmentRow, differences: Sequence[Movement], reason: str) -> None:
    shipment = row.shipment
    if refused := {line.job_id: line.came_back for line in shipment.lines if line.came_back}:
        facts = facts_of(shipment, row.goods)
        facts["lines"] = lines_of(refused, row.goods)
        partly = ShipmentPartlyRefused(**facts, reason=reason)
        ports.outbox.add(partly, subject=shipment.shipment_id, correlation=shipment.correlation)
    for movement in differences:
        if movement.kind in DIFFERENCES:
            adjusted = stock_adjusted(movement, shipment.order_id, row.goods[movement.job_id].unit)
            ports.outbox.add(adjusted, subject=movement.movement_id, correlation=shipment.correlation)


async def _gone_after(
    ports: Ports, row: ShipmentRow, arrived: Sequence[ArrivedQuantities], movements: Sequence[Movement]
) -> set[UUID]:
    """Return the jobs of which no goods lie anywhere any more. Raises WrongState if more was found than is
    possible."""
    order = await ports.orders.lock_order(row.shipment.order_id, row.shipment.jobs)
    assert order is not None
    goods = await ports.orders.sum_goods(row.shipment.jobs)
    fields = {each.job_id: f"arrived[{index}].accepted" for index, each in enumerate(arrived)}
    for each in movements:
        if each.kind is Kind.FOUND:
            must_be_findable(order, each.job_id, goods, each.quantity, field=fields[each.job_id])
    return goods.gone_after(movements)
