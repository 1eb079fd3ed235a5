"""React when the ERP invoices a DDT, or withdraws or credits its invoice: what is still to be invoiced
changes."""

from __future__ import annotations

from optima_contracts.erp import DdtInvoicingChanged

from .ports import Invoicing, Ports


async def on_ddt_invoicing_changed(ports: Ports, changed: DdtInvoicingChanged) -> None:
    """Store the invoice. A duplicate event changes nothing."""
    ports.ddts.save_invoice(
        changed.shipment_id,
        Invoicing(
            changed.invoice_number,
            changed.invoice_date,
            changed.credit_note_number,
            changed.credit_note_date,
        ),
    )
