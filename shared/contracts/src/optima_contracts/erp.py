"""Facts of the exchange with the customer's ERP."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData, Fact, Quantity
from .identity import LegalIdentity


class PaymentTerms(Fact):
    """Payment method (FatturaPA code, "MP12") and terms ("RB 60 gg FM")."""

    method: str
    terms: str


class CustomerChanged(EventData):
    """A customer as the ERP now has it. Subject: the customer's link."""

    type: ClassVar[str] = "optima.erp.customer_changed.v1"
    customer_id: UUID
    code: str
    legal: LegalIdentity
    payment: PaymentTerms | None = None
    connection: str


class DocumentExported(EventData):
    """An order or DDT reached the ERP. Subject: the order or shipment."""

    type: ClassVar[str] = "optima.erp.document_exported.v1"
    connection: str
    entity: Literal["order", "ddt"]
    internal_id: UUID
    external_id: str


class RecordRefused(EventData):
    """A record could not be exchanged and waits for a person. Subject: the failure."""

    type: ClassVar[str] = "optima.erp.record_refused.v1"
    connection: str
    entity: str
    failure_id: UUID
    reason: str


class ConflictFound(EventData):
    """Both sides changed the same field; a person decides. Subject: the conflict."""

    type: ClassVar[str] = "optima.erp.conflict_found.v1"
    connection: str
    entity: str
    conflict_id: UUID
    field: str


class ReceivedLine(Fact):
    """One line of an order from the ERP."""

    kind: str
    description: str
    quantity: Quantity
    unit: str


class OrderReceived(EventData):
    """An order was born in the ERP and is to be made here. It comes once of each; what the ERP changes of it
    later is a question for a person. Subject: the order, whose id is given here."""

    type: ClassVar[str] = "optima.erp.order_received.v1"
    order_id: UUID
    connection_id: UUID
    connection: str
    number: str
    """The ERP's."""
    title: str
    customer: str | None
    """Our code."""
    customer_id: UUID | None
    deadline: date
    lines: list[ReceivedLine]


class FailuresDismissed(EventData):
    """Somebody said of records that could not be exchanged that nothing is to be done. Subject: the
    connection."""

    type: ClassVar[str] = "optima.erp.failures_dismissed.v1"
    connection_id: UUID
    connection: str
    entity: str | None = None
    """Only those of this entity."""
    code: str | None = None
    """Only those with this problem."""
    failure_id: UUID | None = None
    """Only this one."""
    failures: int
    """How many."""
    reason: str


class DdtInvoicingChanged(EventData):
    """The ERP has invoiced a DDT, or its invoice is another now; without an invoice's number it has withdrawn
    or credited it, and the goods are to be invoiced again. Subject: the shipment."""

    type: ClassVar[str] = "optima.erp.ddt_invoicing_changed.v1"
    shipment_id: UUID
    ddt_number: str
    connection_id: UUID
    connection: str
    invoice_number: str | None = None
    """The ERP's, here and below; several where it made several."""
    invoice_date: date | None = None
    credit_note_number: str | None = None
    """Of the credit note by which the ERP took the invoice back: all of it where no invoice is told beside
    it, otherwise a part."""
    credit_note_date: date | None = None
