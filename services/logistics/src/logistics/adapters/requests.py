"""What clients send."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.http import Code, Command, Count, Day, Flag, Moment, PageQuery, Text

from ..application.ports import ShipmentFilter
from ..domain.shipments import Freight, Line, State, Transport, TransportBy
from .parties import AddressFields, IdentityFields


class ReceiveGoods(Command):
    warehouse: Code
    job_id: UUID
    quantity: Count


class AdjustStock(Command):
    warehouse: Code
    job_id: UUID
    direction: Literal["more", "less"]
    """Whether there is more or less than the ledger says."""
    quantity: Count
    """The difference."""
    reason: Annotated[str, Text(500)]


class StockQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    order_id: UUID | None = None


class MovementsQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    shipment_id: UUID | None = None


class ArrangeTransport(Command):
    """How the goods travel. What is missing may be added until the document is issued."""

    transport_reason: Code | None = None
    """Causale: a code of /v1/transport-reasons."""
    transport_by: TransportBy | None = None
    carrier: Code | None = None
    """Vettore: a code of /v1/carriers."""
    freight: Freight | None = None
    """Porto."""
    appearance: Annotated[str, Text(80)] | None = None
    """Aspetto esteriore dei beni: scatole, bancali, sfuso …"""
    packages: Annotated[int, Field(gt=0, le=100_000)] | None = None
    """Colli."""
    gross_weight_kg: Count | None = None
    notes: Annotated[str, Text(500)] | None = None

    def transport(self) -> Transport:
        return Transport(
            reason=self.transport_reason,
            by=self.transport_by,
            carrier=self.carrier,
            freight=self.freight,
            appearance=self.appearance,
            packages=self.packages,
            gross_weight_kg=self.gross_weight_kg,
            notes=self.notes,
        )


class NewLine(Command):
    job_id: UUID
    quantity: Count


class DraftShipment(ArrangeTransport):
    order_id: UUID
    warehouse: Code
    destination: Code
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=200)]

    def goods(self) -> list[Line]:
        return [Line(line.job_id, line.quantity) for line in self.lines]


class IssueDdt(Command):
    issue_date: Day | None = None
    """Today, in the sender's time zone, when absent."""
    series: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$")] | None = None
    """The ordinary series when absent."""


class RecordDeparture(Command):
    departed_at: Moment | None = None
    """Now when absent."""


class RecordDelivery(Command):
    received_by: Annotated[str, Text(150)]
    delivered_at: Moment | None = None
    """Now when absent."""


class WithReason(Command):
    reason: Annotated[str, Text(500)]


class VoidDdt(WithReason):
    reissue: Flag
    """Draft the same shipment anew, to be corrected and issued under a new number."""


class ShipmentsQuery(PageQuery):
    state: State | None = None
    order_id: UUID | None = None
    brief_id: UUID | None = None
    warehouse: Code | None = None
    destination: Code | None = None
    issued_from: Day | None = None
    issued_to: Day | None = None
    """Inclusive."""
    number: Annotated[str, Text(20)] | None = None

    def filters(self) -> ShipmentFilter:
        return ShipmentFilter(**self.model_dump(exclude={"limit", "cursor"}))


class KeepDestination(Command):
    recipient: IdentityFields
    """Cessionario: who the goods belong to from then on, or who holds them."""
    address: AddressFields
    """Where they are delivered."""


class KeepTransportReason(Command):
    text: Annotated[str, Text(100)]
    """As the document prints it."""
    sale: Flag
    """Whether the goods are sold."""
