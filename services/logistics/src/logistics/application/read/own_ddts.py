"""Look up the reader's own DDTs, under which goods of their phases left, and what came back.

They show only the goods and their transport: nothing of orders, customers or other people's work.
"""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.document_types import DocumentType
from ...domain.lookups import Destination, Warehouse
from ..ports import Ports, ReturnRow, ShipmentRow
from .access import whose_ddts
from .lookups import named
from .shipments import PrintableDdt, printable
from .views import OwnDdtView, OwnLineView, OwnReturnedLineView, OwnReturnView


async def list_own_ddts(ports: Ports, actor: Actor, query: PageQuery) -> Page[OwnDdtView]:
    """List the reader's own DDTs, newest first."""
    found = await ports.shipments.list_own(whose_ddts(actor), before=query.after(UUID), limit=query.rows)
    return page_of(query, found, _show, lambda row: row.shipment.shipment_id)


async def read_own_ddt(ports: Ports, actor: Actor, shipment_id: UUID) -> OwnDdtView:
    return _show(await _found(ports, actor, shipment_id))


async def list_own_returns(
    ports: Ports, actor: Actor, shipment_id: UUID, query: PageQuery
) -> Page[OwnReturnView]:
    """List the returns of one of the reader's own DDTs, newest first."""
    row = await _found(ports, actor, shipment_id)
    found = await ports.shipments.list_returns(shipment_id, before=query.after(UUID), limit=query.rows)
    return page_of(query, found, lambda each: _return(each, row), lambda each: each.returned.return_id)


async def read_own_sheet(ports: Ports, actor: Actor, shipment_id: UUID) -> PrintableDdt:
    """Return the document as it went with the goods."""
    return await printable(ports, await _found(ports, actor, shipment_id))


async def _found(ports: Ports, actor: Actor, shipment_id: UUID) -> ShipmentRow:
    """Find a shipment. Raises Absent if its document is not the reader's own."""
    row = await ports.shipments.find_own(whose_ddts(actor), shipment_id)
    if row is None:
        raise Absent("shipment_absent")
    return row


def _show(row: ShipmentRow) -> OwnDdtView:
    shipment, ddt = row.shipment, row.ddt
    if ddt is None:
        raise Absent("ddt_not_issued")
    return OwnDdtView(
        id=shipment.shipment_id,
        state=shipment.state,
        number=ddt.number,
        issue_date=ddt.issue_date,
        document_type=named(row.lookups, DocumentType, shipment.document_type)
        if shipment.document_type
        else None,
        warehouse=named(row.lookups, Warehouse, shipment.warehouse),
        destination=named(row.lookups, Destination, shipment.destination),
        lines=[
            OwnLineView(
                description=row.goods[line.job_id].description,
                quantity=line.quantity,
                came_back=line.came_back or None,
                returned=line.returned or None,
                unit=row.goods[line.job_id].unit,
            )
            for line in shipment.lines
        ],
        packages=shipment.transport.packages,
        gross_weight_kg=shipment.transport.gross_weight_kg,
        return_by=shipment.return_by,
        departed_at=shipment.departed_at,
        delivered_at=shipment.delivered_at,
    )


def _return(row: ReturnRow, of: ShipmentRow) -> OwnReturnView:
    returned = row.returned
    return OwnReturnView(
        id=returned.return_id,
        number=returned.number,
        date=returned.date,
        lines=[
            OwnReturnedLineView(
                description=of.goods[line.job_id].description,
                quantity=line.quantity,
                unit=of.goods[line.job_id].unit,
                disposition=line.disposition,
            )
            for line in returned.lines
        ],
    )
