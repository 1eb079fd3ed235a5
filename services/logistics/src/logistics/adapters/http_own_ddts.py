"""Endpoints of the reader's own DDTs: what the assignee of a phase may know about where its goods went."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http import Call, Content, Page, PageQuery, Routes

from ..application.ports import Ports
from ..application.read import own_ddts
from ..application.read.views import OwnDdtView, OwnReturnView
from .http_shipments import sheet_of
from .postgres import ports

routes = Routes()


@routes.get("/v1/own-ddts", privilege="phase.work")
async def list_own_ddts(call: Call[Ports], query: PageQuery) -> Page[OwnDdtView]:
    """List the reader's own DDTs, newest first

    These are DDTs of goods sent out for phases that were assigned to the reader when the document was issued
    (conto lavorazione), and of everything sent to a destination where the reader works.
    """
    return await own_ddts.list_own_ddts(call.ports, call.actor, query)


@routes.get("/v1/own-ddts/{shipment_id}", privilege="phase.work")
async def read_own_ddt(call: Call[Ports], shipment_id: UUID) -> OwnDdtView:
    """Read one of the reader's own DDTs"""
    return await own_ddts.read_own_ddt(call.ports, call.actor, shipment_id)


@routes.get("/v1/own-ddts/{shipment_id}/returns", privilege="phase.work")
async def list_own_returns(call: Call[Ports], shipment_id: UUID, query: PageQuery) -> Page[OwnReturnView]:
    """List what came back of one of the reader's own DDTs, newest first"""
    return await own_ddts.list_own_returns(call.ports, call.actor, shipment_id, query)


@routes.get("/v1/own-ddts/{shipment_id}/ddt.pdf", privilege="phase.work", transaction=False)
async def read_own_sheet(call: Call[Ports], shipment_id: UUID) -> Content:
    """Read one of the reader's own DDTs as PDF/A-3b, as it went with the goods"""
    async with call.database.reading(call.actor.tenant_id, now=call.now) as work:
        found = await own_ddts.read_own_sheet(ports(work), call.actor, shipment_id)
    return await sheet_of(call, found)
