"""Issue the transport document: it takes its number, is frozen, and the goods leave the stock."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from ..domain.ddt import TIME_ZONE, Parts, compose
from ..domain.lookups import Carrier, Destination, TransportReason
from ..domain.orders import order_must_not_be_cancelled
from .changing import save_and_tell, shipment_to_change
from .draft_shipment import codes_of
from .facts import ddt_issued
from .ports import DdtNumber, Ports, ShipmentRow

RENDER_DDT: Final = "logistics.render_ddt"


class RenderDdt(BaseModel):
    """Renders the PDF of an issued document."""

    shipment_id: UUID


async def issue_ddt(
    ports: Ports, shipment_id: UUID, expected_version: int | None, *, issue_date: date | None, series: str
) -> ShipmentRow:
    """`issue_date` is the sender's today when None; `series` is empty for the ordinary one.

    The series is locked last, when nothing more is read, and until the commit, so that numbers have neither
    gap nor double. Raises WrongState unless picked, and else everything that the document lacks at once.
    """
    row = await shipment_to_change(ports, shipment_id, expected_version)
    issued = row.shipment.issue()
    order_must_not_be_cancelled(row.order_number, row.order_cancelled)
    parts = await _parts_of(ports, row)
    today = ports.now.astimezone(ZoneInfo(parts.sender.time_zone if parts.sender else TIME_ZONE)).date()
    on = issue_date or today
    document = compose(
        parts, await ports.ddts.lock_series(on.year, series), issue_date=on, today=today, now=ports.now
    )
    ports.ddts.insert_document(shipment_id, document)
    movements = issued.goods_leave(ports.new_id)
    ports.ledger.insert_movements(movements, gone=parts.goods.gone_after(movements))
    ports.jobs.schedule(RENDER_DDT, RenderDdt(shipment_id=shipment_id), key=str(shipment_id))
    after = save_and_tell(ports, row, issued, ddt_issued(issued, row.goods, document))
    return replace(after, ddt=DdtNumber.of(document))


async def _parts_of(ports: Ports, row: ShipmentRow) -> Parts:
    shipment, transport = row.shipment, row.shipment.transport
    wanted: list[tuple[type[Any], str]] = [*codes_of(transport), (Destination, shipment.destination)]
    sender, found = await ports.lookups.find_with_sender(wanted)
    return Parts(
        shipment=shipment,
        order_number=row.order_number,
        carried=row.goods,
        goods=await ports.orders.sum_goods(shipment.order_id),
        sender=sender,
        destination=found.get(Destination, shipment.destination),
        reason=found.get(TransportReason, transport.reason),
        carrier=found.get(Carrier, transport.carrier),
        replaces_number=row.replaces_number,
    )
