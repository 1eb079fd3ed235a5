"""Issue the transport document: it takes its number, is frozen, and the goods leave the stock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from optima_kit.refusals import WrongState

from ..domain.ddt import TIME_ZONE, Document, Parts, compose, together
from ..domain.document_types import DocumentType, GoodsGoTo, must_be_in_force, return_by, series_for
from ..domain.lookups import Carrier, Destination, Warehouse
from ..domain.orders import order_must_not_be_cancelled
from ..domain.shipments import Shipment, State
from .changing import Consignment, consignment_to_change, save_and_tell
from .facts import ddt_issued
from .ports import DdtNumber, Ports, ShipmentRow

RENDER_DDT: Final = "logistics.render_ddt"


class RenderDdt(BaseModel):
    """A job that renders the PDF of an issued document."""

    shipment_id: UUID


async def issue_ddt(
    ports: Ports,
    shipment_id: UUID,
    expected_version: int | None,
    *,
    issue_date: date | None,
    series: str | None,
) -> ShipmentRow:
    """Issue one document for the shipment and those that travel with it. If `issue_date` is None it is the
    sender's today; if `series` is None it is the document type's.

    The series is locked last, after everything else was read, and until the commit, so that numbers have
    neither gaps nor duplicates. Raises WrongState unless picked; otherwise raises everything that the
    document lacks at once.
    """
    consignment = await consignment_to_change(ports, shipment_id, expected_version)
    _may_be_issued(consignment)
    parts = await _parts_of(ports, consignment.named)
    others = [await _part_of(ports, parts, row) for row in consignment.others]
    name = series_for(parts.document_type, series)
    today = ports.now.astimezone(ZoneInfo(parts.sender.time_zone if parts.sender else TIME_ZONE)).date()
    on = issue_date or today
    must_be_in_force(parts.document_type, on)
    issued = _issued(consignment, [parts, *others], today)
    document = compose(
        together(parts, others),
        await ports.ddts.lock_series(on.year, name),
        issue_date=on,
        today=today,
        now=ports.now,
    )
    ports.ddts.insert_document(shipment_id, document)
    ports.jobs.schedule(RENDER_DDT, RenderDdt(shipment_id=shipment_id), key=str(shipment_id))
    # A reader of one order's part of a joint document may not be entitled to read the others' parts.
    xml = None if others else ports.despatch_advice(document)
    back = return_by(parts.document_type, on)
    after = [
        _leave(ports, row, replace(shipment, return_by=back), each, document, xml)
        for row, shipment, each in zip(consignment.rows, issued, [parts, *others], strict=True)
    ]
    return after[0]


def _may_be_issued(consignment: Consignment) -> None:
    consignment.named.shipment.issue(())
    for row in consignment.others:
        if row.shipment.state is not State.PICKED:
            raise WrongState("consignment_not_picked", number=row.order_number)
    for row in consignment.rows:
        if row.shipment.closes_order_line:
            order_must_not_be_cancelled(row.order_number, row.order_cancelled)


def _issued(consignment: Consignment, parts: Sequence[Parts], today: date) -> list[Shipment]:
    """Return the issued shipments in the order of the consignment's rows, with the picks of all their
    goods."""
    document_of = consignment.named.shipment.shipment_id if consignment.others else None
    return [
        row.shipment.issue(row.shipment.picks_to_make(each.goods, today), document_of)
        for row, each in zip(consignment.rows, parts, strict=True)
    ]


def _leave(
    ports: Ports, row: ShipmentRow, issued: Shipment, parts: Parts, document: Document, xml: str | None
) -> ShipmentRow:
    if row.shipment.picks or any(pick.location or pick.lot for pick in issued.picks):
        ports.shipments.update_picks(issued)
    movements = issued.goods_leave(ports.new_id)
    ports.ledger.insert_movements(movements, gone=parts.goods.gone_after(movements))
    together_with = [issued.shipment_id, *(each.shipment_id for each in row.companions)]
    fact = ddt_issued(
        issued,
        row.goods,
        document,
        despatch_advice=xml,
        order_number=row.order_number,
        shipment_ids=together_with if issued.document_of else None,
    )
    return replace(save_and_tell(ports, row, issued, fact), ddt=DdtNumber.of(document))


async def _part_of(ports: Ports, parts: Parts, row: ShipmentRow) -> Parts:
    """Return the parts of another shipment under the same document, which differ only in what it carries."""
    shipment = row.shipment
    goods = await ports.orders.sum_goods(shipment.jobs)
    return replace(parts, shipment=shipment, order_number=row.order_number, carried=row.goods, goods=goods)


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
    packages = shipment.transport.packages
    numbers = await ports.packages.list_numbers([row.first_id]) if packages else {}
    return Parts(
        package_numbers=numbers.get(row.first_id, [])[:packages],
        shipment=shipment,
        order_number=row.order_number,
        carried=row.goods,
        goods=await ports.orders.sum_goods(shipment.jobs),
        sender=sender,
        warehouse=found.get(Warehouse, shipment.warehouse),
        destination=destination,
        document_type=found.get(DocumentType, shipment.document_type),
        carrier=found.get(Carrier, shipment.transport.carrier),
        replaces_number=row.replaces_number,
    )
