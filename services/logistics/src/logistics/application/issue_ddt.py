"""Issue the transport document: it takes its number, is frozen, and the goods leave the stock."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from ..domain.ddt import Parts, compose
from ..domain.lookups import Carrier, Destination, TransportReason
from ..domain.orders import Order, order_must_not_be_cancelled
from ..domain.shipments import Shipment
from .changing import save_and_tell, shipment_for_change
from .facts import ddt_issued
from .ports import Ports

RENDER_DDT: Final = "logistics.render_ddt"


class RenderDdt(BaseModel):
    """The obligation to have the PDF of an issued document ready."""

    shipment_id: UUID


async def issue_ddt(
    ports: Ports, shipment_id: UUID, expected_version: int | None, *, issue_date: date | None, series: str
) -> Shipment:
    """`issue_date` is the sender's today when None; `series` is empty for the ordinary one.

    The series is locked last and until the commit, so that numbers have neither gap nor double.
    Raises WrongState unless picked, and else everything that the document lacks at once.
    """
    shipment, order = await shipment_for_change(ports, shipment_id, expected_version)
    issued = shipment.issue()
    order_must_not_be_cancelled(order)
    parts = await _parts_of(ports, shipment, order)
    today = ports.now.astimezone(ZoneInfo(parts.sender.time_zone if parts.sender else "Europe/Rome")).date()
    on = issue_date or today
    document = compose(
        parts, await ports.ddts.lock_series(on.year, series), issue_date=on, today=today, now=ports.now
    )
    await ports.ddts.save(shipment_id, document)
    await ports.ledger.record(issued.goods_leave(ports.new_id))
    await save_and_tell(ports, issued, ddt_issued(issued, order, document))
    ports.jobs.schedule(RENDER_DDT, RenderDdt(shipment_id=shipment_id), key=str(shipment_id))
    return issued


async def _parts_of(ports: Ports, shipment: Shipment, order: Order) -> Parts:
    transport, lookups = shipment.transport, ports.lookups
    replaced = await ports.ddts.get(shipment.replaces) if shipment.replaces else None
    return Parts(
        shipment=shipment,
        order=order,
        goods=await ports.orders.goods(order.order_id),
        sender=await ports.senders.get(),
        destination=await lookups.find(Destination, shipment.destination),
        reason=await lookups.find(TransportReason, transport.reason) if transport.reason else None,
        carrier=await lookups.find(Carrier, transport.carrier) if transport.carrier else None,
        replaces_number=replaced.number if replaced else None,
    )
