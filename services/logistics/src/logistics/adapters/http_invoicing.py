"""Endpoints of documents that are still to be invoiced."""

from __future__ import annotations

from optima_kit.http import Call, Content, Page, Routes

from ..application.ports import Ports
from ..application.read import invoicing
from ..application.read.views import InvoiceableCustomersView, InvoiceableView
from .requests import InvoiceableCustomersQuery, InvoiceableQuery, InvoiceableTable

routes = Routes()


@routes.get("/v1/ddts/to-be-invoiced", privilege="shipment.read")
async def list_to_be_invoiced(call: Call[Ports], query: InvoiceableQuery) -> Page[InvoiceableView]:
    """List the DDTs that are still to be invoiced, by date

    Void and refused DDTs and those that the ERP has invoiced are left out. Each line shows what the recipient
    has.
    """
    return await invoicing.list_to_be_invoiced(call.ports, query, query.filters())


@routes.get("/v1/ddts/to-be-invoiced/customers", privilege="shipment.read")
async def list_customers_to_be_invoiced(
    call: Call[Ports], query: InvoiceableCustomersQuery
) -> InvoiceableCustomersView:
    """List the customers with DDTs still to be invoiced; the one to be invoiced soonest comes first

    The list has at most 200 customers.
    """
    return await invoicing.list_customers(call.ports, query.filters())


@routes.get("/v1/ddts/to-be-invoiced.csv", privilege="shipment.read")
async def export_to_be_invoiced(call: Call[Ports], query: InvoiceableTable) -> Content:
    """Export the DDTs that are still to be invoiced as a table for a spreadsheet"""
    table = await invoicing.table_to_be_invoiced(call.ports, query.filters())
    return Content(table, "text/csv", f"Da fatturare {query.issued_from} {query.issued_to}.csv")
