"""Orders and transport documents as they are sent to the ERP: a heading and its lines, all text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, get_args
from uuid import UUID

from .entities import RECEIVED_AS
from .mapping import EntityMapping
from .party import normal_tax_number
from .record import content_hash

Row = Mapping[str, str | None]

GoodsBack = Literal["refused_quantity", "returned_quantity"]
"""Fields of a DDT's line for the quantity that the recipient refused, and for the quantity that was accepted
and sent back later. Neither is to be invoiced."""
_ROUNDING: Final = Decimal("0.05")
"""The permitted difference between a total of rounded lines and a rounded total."""
GOODS_BACK: Final[tuple[GoodsBack, ...]] = get_args(GoodsBack)


@dataclass(frozen=True, slots=True)
class LineValue:
    """The price of a line in euro, without VAT, as decimal text."""

    unit_price: str
    amount: str
    vat_code: str


@dataclass(frozen=True, slots=True)
class RemoteCustomer:
    """The id and code by which one ERP knows a customer."""

    remote_id: str
    code: str


@dataclass(frozen=True, slots=True)
class Document:
    entity: Literal["order", "ddt"]
    internal_id: UUID
    """Id of the order or of the shipment."""
    number: str
    correlation_id: UUID
    heading: Row
    lines: Mapping[str, Row]
    """An order's lines by job, a DDT's by position, in their original order."""
    changed_at: datetime

    def with_values(self, values: Mapping[str, LineValue], at: datetime) -> Document:
        """Return the order with prices. Lines without a price stay as they are."""
        lines = {job: self._valued(line, values.get(job)) for job, line in self.lines.items()}
        return replace(self, lines=lines, changed_at=at)

    def with_terms(self, deadline: str, quantities: Mapping[str, str], at: datetime) -> Document:
        """Return the order with its new deadline and quantities. New prices follow in a separate event."""
        lines = {
            job: {**line, "quantity": quantities.get(job, line["quantity"])}
            for job, line in self.lines.items()
        }
        return replace(self, heading={**self.heading, "deadline": deadline}, lines=lines, changed_at=at)

    @staticmethod
    def _valued(line: Row, value: LineValue | None) -> Row:
        if value is None:
            return line
        return {**line, "unit_price": value.unit_price, "amount": value.amount, "vat_code": value.vat_code}

    def with_goods_back(self, kind: GoodsBack, quantities: Mapping[str, Decimal], at: datetime) -> Document:
        """Return the DDT with more quantities that came back, given by job. They are added to quantities that
        came back before. Lines of one job are filled in their order, none beyond what it carried."""
        left = dict(quantities)
        lines = {}
        for position, line in self.lines.items():
            job = line["job"] or ""
            gone = Decimal(line["quantity"] or 0) - sum(Decimal(line.get(each) or 0) for each in GOODS_BACK)
            if (back := min(left.get(job, Decimal()), gone)) > 0:
                left[job] -= back
                line = {**line, kind: f"{Decimal(line.get(kind) or 0) + back:f}"}
            lines[position] = line
        return replace(self, lines=lines, changed_at=at)

    def in_state(self, state: str, at: datetime) -> Document:
        return replace(self, heading={**self.heading, "state": state}, changed_at=at)

    @property
    def is_for_erps(self) -> bool:
        """Whether the document is sent to ERPs: every order, and a DDT that delivers an order or is to be
        invoiced. Transfers and returning goods stay with us."""
        return self.entity == "order" or bool(self.heading.get("order_reference")) or self.is_to_be_invoiced

    @property
    def is_to_be_invoiced(self) -> bool:
        return self.heading.get("to_be_invoiced") == "yes"

    @property
    def is_of_stock(self) -> bool:
        """Whether this is a DDT of stock goods that belong to no order and are to be invoiced."""
        return self.entity == "ddt" and self.is_to_be_invoiced and not self.heading.get("order_reference")

    @property
    def recipient_numbers(self) -> list[str]:
        """Partita IVA and Codice Fiscale of a DDT's recipient, in the form that customers' numbers have."""
        told = (self.heading.get("recipient_vat_number"), self.heading.get("recipient_fiscal_code"))
        return [normal_tax_number(each) for each in told if each]

    @property
    def is_cancelled(self) -> bool:
        """Whether the order is cancelled or the DDT is voided."""
        return self.heading.get("state") in ("cancelled", "voided")

    @property
    def content(self) -> DocumentContent:
        """Number, day, quantity and amount for comparisons. Goods that came back are not subtracted."""
        day = date.fromisoformat(self.heading["deadline" if self.entity == "order" else "issue_date"] or "")
        lines = () if self.is_cancelled else tuple(self.lines.values())
        amounts = [Decimal(line.get("amount") or 0) for line in lines]
        quantity = sum((Decimal(line.get("quantity") or 0) for line in lines), Decimal())
        amount = sum(amounts, Decimal()) if self.entity == "order" else None
        return DocumentContent(self.number, day, quantity, amount)

    def outgoing(
        self, mapping: EntityMapping, customer: RemoteCustomer | None, received: Row | None = None
    ) -> OutgoingDocument:
        """Return the document with the remote system's names and codes. `received` says how that system knows
        the order, if the order (or the DDT's order) was received from it."""
        heading = {
            **self.heading,
            "customer": customer.code if customer else None,
            **dict.fromkeys(RECEIVED_AS),
            **(received or {}),
        }
        return OutgoingDocument(
            entity=self.entity,
            internal_id=self.internal_id,
            number=self.number,
            customer=customer,
            columns=mapping.columns(),
            heading=mapping.heading(heading),
            lines=[
                mapping.line({"job": job, **line, "line": str(position)})
                for position, (job, line) in enumerate(self.lines.items(), 1)
            ],
            cancelled=self.is_cancelled,
            despatch_advice=self.heading.get("despatch_advice"),
        )


@dataclass(frozen=True, slots=True)
class DocumentContent:
    """The totals of a document that comparisons use; they are zero once the document is cancelled."""

    number: str
    day: date
    """An order's deadline, or a DDT's date."""
    quantity: Decimal
    amount: Decimal | None
    """Amount without VAT; None if there are no prices."""

    @property
    def is_nothing(self) -> bool:
        """Whether all totals are zero, as those of a cancelled document, which some ERPs delete."""
        return not self.quantity and not self.amount

    def differs_from(self, other: DocumentContent) -> bool:
        """Tell whether the quantities differ, or the amounts differ by more than rounding explains."""
        if self.quantity != other.quantity:
            return True
        if self.amount is None or other.amount is None:
            return False
        return abs(self.amount - other.amount) > _ROUNDING


@dataclass(frozen=True, slots=True)
class OutgoingDocument:
    """A document as a connector writes it, with heading and lines by remote name."""

    entity: Literal["order", "ddt"]
    internal_id: UUID
    number: str
    customer: RemoteCustomer | None
    """None for a document without a customer."""
    columns: list[str]
    """All remote names, in the mapping's order."""
    heading: dict[str, str]
    lines: list[dict[str, str]]
    cancelled: bool = False
    """Whether the order is cancelled or the DDT is voided."""
    order_remote_id: str | None = None
    """The remote id of a DDT's order."""
    order_jobs: tuple[str, ...] = ()
    """The jobs of a DDT's order, in the sequence of the order's lines."""
    despatch_advice: str | None = None
    """A DDT's electronic form (UBL), if no required value is missing."""

    def hash(self) -> str:
        """Return a hash that tells whether the ERP already has this state. A new price or a new mapping
        changes it."""
        return content_hash({"heading": self.heading, "lines": self.lines})
