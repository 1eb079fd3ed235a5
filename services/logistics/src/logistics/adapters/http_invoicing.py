"""Endpoints of what is to be invoiced."""

from __future__ import annotations

from optima_kit.http import Call, Content, Page, Routes

from ..application.ports import Ports
from ..application.read import invoicing
from ..application.read.views import InvoiceableCustomersView, InvoiceableView
from .requests import InvoiceableCustomersQuery, InvoiceableQuery, InvoiceableTable

routes = Routes()


@routes.get("/v1/ddts/to-be-invoiced", privilege="shipment.read")
async def list_to_be_invoiced(call: Call[Ports], query: InvoiceableQuery) -> Page[InvoiceableView]:
    """List the DDTs of which an invoice is to follow, by date

    Without void and refused ones and those that the ERP has invoiced; of each line what the recipient has."""
    return await invoicing.list_to_be_invoiced(call.ports, query, query.filters())


@routes.get("/v1/ddts/to-be-invoiced/customers", privilege="shipment.read")
async def list_customers_to_be_invoiced(
    call: Call[Ports], query: InvoiceableCustomersQuery
) -> InvoiceableCustomersView:
    """List the customers of whose DDTs an invoice is to follow, the one who is to be invoiced soonest first

    At most 200."""
    return await invoicing.list_customers(call.ports, query.filters())


@routes.get("/v1/ddts/to-be-invoiced.csv", privilege="shipment.read")
async def export_to_be_invoiced(call: Call[Ports], query: InvoiceableTable) -> Content:
    """Export the DDTs of which an invoice is to follow, as a table for a spreadsheet"""
    table = await invoicing.table_to_be_invoiced(call.ports, query.filters())
    return Content(table, "text/csv", f"Da fatturare {query.issued_from} {query.issued_to}.csv")
