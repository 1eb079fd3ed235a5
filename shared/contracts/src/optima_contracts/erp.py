"""Facts of the exchange with the customer's ERP."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData, Fact
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
