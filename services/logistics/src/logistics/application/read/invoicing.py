"""Look up documents that are still to be invoiced by a deferred invoice (TD24)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Final
from uuid import UUID

from optima_contracts.quantities import quantity_text
from optima_kit.fields import GROUPS
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Invalid
from optima_kit.spreadsheets import csv_text

from ...domain.ddt import invoice_due
from ..ports import InvoiceableFilter, InvoiceableRow, Ports
from .views import (
    InvoiceableCustomersView,
    InvoiceableCustomerView,
    InvoiceableLineView,
    InvoiceableView,
    PartyView,
)

MOST: Final = 5_000
"""The most documents in one table."""

COLUMNS: Final = (
    "numero_ddt",
    "data_ddt",
    "fattura_entro",
    "cliente",
    "partita_iva",
    "codice_fiscale",
    "ordine",
    "riferimento_cliente",
    "codice",
    "descrizione",
    "quantita",
    "um",
    "nota_credito",
)


async def list_to_be_invoiced(
    ports: Ports, query: PageQuery, filters: InvoiceableFilter
) -> Page[InvoiceableView]:
    """List the documents by date of issue."""
    found = await ports.ddts.list_to_be_invoiced(filters, after=query.after(date, UUID), limit=query.rows)
    return page_of(query, found, _show, lambda row: (row.document.issue_date, row.shipment_id))


async def list_customers(ports: Ports, filters: InvoiceableFilter) -> InvoiceableCustomersView:
    """List at most `GROUPS` customers; the one to be invoiced soonest comes first."""
    found = await ports.ddts.list_customers_to_be_invoiced(filters, GROUPS + 1)
    return InvoiceableCustomersView(
        customers=[
            InvoiceableCustomerView(
                name=each.name,
                vat_number=each.vat_number,
                fiscal_code=each.fiscal_code,
                documents=each.documents,
                oldest=each.oldest,
                invoice_by=invoice_due(each.oldest),
            )
            for each in found[:GROUPS]
        ],
        more=len(found) > GROUPS,
    )


async def table_to_be_invoiced(ports: Ports, filters: InvoiceableFilter) -> bytes:
    """Return a CSV table for a spreadsheet, with a row for each line of goods. Raises Invalid for more than
    `MOST` documents."""
    found = await ports.ddts.list_to_be_invoiced(filters, after=None, limit=MOST + 1)
    if len(found) > MOST:
        raise Invalid("period_too_long", field="issued_to", most=MOST)
    rows = (
        (
            shown.number,
            f"{shown.issue_date:%d/%m/%Y}",
            f"{shown.invoice_by:%d/%m/%Y}",
            shown.recipient.name,
            shown.recipient.vat_number,
            shown.recipient.fiscal_code,
            line.order_number or shown.order_number,
            shown.customer_reference,
            line.code,
            line.description,
            quantity_text(line.quantity).replace(".", ","),
            line.unit,
            shown.credit_note_number,
        )
        for shown in map(_show, found)
        for line in shown.lines
    )
    return csv_text([COLUMNS, *rows]).encode("utf-8-sig")


def _show(row: InvoiceableRow) -> InvoiceableView:
    document = row.document
    return InvoiceableView(
        shipment_id=row.shipment_id,
        number=document.number,
        issue_date=document.issue_date,
        invoice_by=invoice_due(document.issue_date),
        recipient=PartyView(**asdict(document.recipient)),
        order_number=document.order_number or None,
        customer_reference=document.customer_reference,
        credit_note_number=row.credit_note_number,
        lines=[
            InvoiceableLineView(
                position=position,
                job_id=line.job_id,
                code=line.code,
                description=line.description,
                quantity=row.quantities[line.job_id],
                unit=line.unit,
                order_number=line.order_number,
            )
            for position, line in enumerate(document.lines, 1)
            if line.job_id in row.quantities
        ],
    )
