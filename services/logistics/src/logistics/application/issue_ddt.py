"""Issue the transport document: it takes its number, is frozen, and the goods leave the stock."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from ..domain.ddt import TIME_ZONE, Parts, compose
from ..domain.document_types import DocumentType, GoodsGoTo, return_by, series_for
from ..domain.lookups import Carrier, Destination, Warehouse
from ..domain.orders import order_must_not_be_cancelled
from .changing import save_and_tell, shipment_to_change
from .facts import ddt_issued
from .ports import DdtNumber, Ports, ShipmentRow

RENDER_DDT: Final = "logistics.render_ddt"


class RenderDdt(BaseModel):
    """Renders the PDF of an issued document."""

    shipment_id: UUID


async def issue_ddt(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    issue_date: date | None,
    series: str | None,
) -> ShipmentRow:
    """`issue_date` is the sender's today when None, `series` its document type's.

    The series is locked last, when nothing more is read, and until the commit, so that numbers have neither
    gap nor double. Raises WrongState unless picked, and else everything that the document lacks at once.
    """
    row = await shipment_to_change(ports, shipment_id, expected_version)
    issued = row.shipment.issue()
    if issued.closes_order_line:
        order_must_not_be_cancelled(row.order_number, row.order_cancelled)
    parts = await _parts_of(ports, row)
    name = series_for(parts.document_type, series)
    today = ports.now.astimezone(ZoneInfo(parts.sender.time_zone if parts.sender else TIME_ZONE)).date()
    on = issue_date or today
    document = compose(
        parts, await ports.ddts.lock_series(on.year, name), issue_date=on, today=today, now=ports.now
    )
    issued = replace(issued, return_by=return_by(parts.document_type, on))
    ports.ddts.insert_document(shipment_id, document)
    movements = issued.goods_leave(ports.new_id)
    ports.ledger.insert_movements(movements, gone=parts.goods.gone_after(movements))
    ports.jobs.schedule(RENDER_DDT, RenderDdt(shipment_id=shipment_id), key=str(shipment_id))
    after = save_and_tell(
        ports, row, issued, ddt_issued(issued, row.goods, document, ports.despatch_advice(document))
    )
    return replace(after, ddt=DdtNumber.of(document))


async def _parts_of(ports: Ports, row: ShipmentRow) -> Parts:
    shipment = row.shipment
    to_warehouse = shipment.goods_go_to is GoodsGoTo.WAREHOUSE
    named: list[tuple[type[Any], str | None]] = [
        (DocumentType, shipment.document_type),
        (Carrier, shipment.transport.carrier),
        (Warehouse, shipment.warehouse),
        (Warehouse if to_warehouse else Destination, shipment.destination),
    ]
    sender, found = await ports.lookups.find_with_sender([(kind, code) for kind, code in named if code])
    destination = found.get(Destination, shipment.destination)
    arrival = found.get(Warehouse, shipment.destination) if to_warehouse else None
    if sender and arrival:
        destination = Destination(arrival.code, sender.identity, arrival.address)
    return Parts(
        shipment=shipment,
        order_number=row.order_number,
        carried=row.goods,
        goods=await ports.orders.sum_goods(shipment.order_id, shipment.jobs),
        sender=sender,
        warehouse=found.get(Warehouse, shipment.warehouse),
        destination=destination,
        document_type=found.get(DocumentType, shipment.document_type),
        carrier=found.get(Carrier, shipment.transport.carrier),
        replaces_number=row.replaces_number,
    )
