"""Events of the exchange with the customer's ERP."""

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
    """A customer was created or changed in the ERP; the event holds its present state. Subject: the link
    between the ERP's customer and ours."""

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
    """An order was created in the ERP and is to be made here. The event is sent once for each order; a person
    decides about later changes in the ERP. Subject: the order, whose id is assigned with this event."""

    type: ClassVar[str] = "optima.erp.order_received.v1"
    order_id: UUID
    connection_id: UUID
    connection: str
    number: str
    """The order's number in the ERP."""
    title: str
    customer: str | None
    """Our code of the customer."""
    customer_id: UUID | None
    deadline: date
    lines: list[ReceivedLine]


class FailuresDismissed(EventData):
    """Somebody dismissed records that could not be exchanged, so that nothing more is done about them.
    Subject: the connection."""

    type: ClassVar[str] = "optima.erp.failures_dismissed.v1"
    connection_id: UUID
    connection: str
    entity: str | None = None
    """If present, only failures of this entity were dismissed."""
    code: str | None = None
    """If present, only failures with this problem were dismissed."""
    failure_id: UUID | None = None
    """If present, only this failure was dismissed."""
    failures: int
    """How many failures were dismissed."""
    reason: str


class DdtInvoicingChanged(EventData):
    """The ERP has invoiced a DDT, or the DDT's invoice has changed. If there is no invoice number, the ERP
    has withdrawn or credited the invoice, and the goods are to be invoiced again. Subject: the shipment."""

    type: ClassVar[str] = "optima.erp.ddt_invoicing_changed.v1"
    shipment_id: UUID
    ddt_number: str
    connection_id: UUID
    connection: str
    invoice_number: str | None = None
    """The invoice's number in the ERP; several numbers if the ERP made several invoices."""
    invoice_date: date | None = None
    credit_note_number: str | None = None
    """Number of the credit note with which the ERP took the invoice back: the whole invoice if
    `invoice_number` is absent, otherwise a part of it."""
    credit_note_date: date | None = None
