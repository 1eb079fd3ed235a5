"""Orders and transport documents as they leave for the ERP: a heading and its lines, all text."""

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
"""Of a DDT's line: the recipient did not take it, or took it and sent it back. Neither is to be invoiced."""
_ROUNDING: Final = Decimal("0.05")
"""Between a total of rounded lines and a rounded total."""
GOODS_BACK: Final[tuple[GoodsBack, ...]] = get_args(GoodsBack)


@dataclass(frozen=True, slots=True)
class LineValue:
    """What a line costs, VAT excluded; decimal text, euro."""

    unit_price: str
    amount: str
    vat_code: str


@dataclass(frozen=True, slots=True)
class RemoteCustomer:
    """As one ERP knows the customer."""

    remote_id: str
    code: str


@dataclass(frozen=True, slots=True)
class Document:
    entity: Literal["order", "ddt"]
    internal_id: UUID
    """The order or the shipment."""
    number: str
    correlation_id: UUID
    heading: Row
    lines: Mapping[str, Row]
    """By job; in the order in which they were given."""
    changed_at: datetime

    def with_values(self, values: Mapping[str, LineValue], at: datetime) -> Document:
        """The order with its prices; lines that have none stay as they are."""
        lines = {job: self._valued(line, values.get(job)) for job, line in self.lines.items()}
        return replace(self, lines=lines, changed_at=at)

    def with_terms(self, deadline: str, quantities: Mapping[str, str], at: datetime) -> Document:
        """The order with what is ordered now; its prices follow by themselves."""
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
        """The DDT with what came back of it by job, beyond what had come back before. Lines of one job take
        it in their order, none more than it carried."""
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
        """A DDT is one if it delivers an order, or an invoice is to follow; transfers and goods that come
        back are nobody's but ours."""
        return self.entity == "order" or bool(self.heading.get("order_reference")) or self.is_to_be_invoiced

    @property
    def is_to_be_invoiced(self) -> bool:
        return self.heading.get("to_be_invoiced") == "yes"

    @property
    def is_of_stock(self) -> bool:
        """A DDT of goods that were nobody's order, and that are to be invoiced."""
        return self.entity == "ddt" and self.is_to_be_invoiced and not self.heading.get("order_reference")

    @property
    def recipient_numbers(self) -> list[str]:
        """Partita IVA and Codice Fiscale of a DDT's recipient, as customers have them."""
        told = (self.heading.get("recipient_vat_number"), self.heading.get("recipient_fiscal_code"))
        return [normal_tax_number(each) for each in told if each]

    @property
    def is_cancelled(self) -> bool:
        """Or voided."""
        return self.heading.get("state") in ("cancelled", "voided")

    @property
    def content(self) -> DocumentContent:
        """As it left: what came back of a DDT is told beside it."""
        day = date.fromisoformat(self.heading["deadline" if self.entity == "order" else "issue_date"] or "")
        lines = () if self.is_cancelled else tuple(self.lines.values())
        amounts = [Decimal(line.get("amount") or 0) for line in lines]
        quantity = sum((Decimal(line.get("quantity") or 0) for line in lines), Decimal())
        amount = sum(amounts, Decimal()) if self.entity == "order" else None
        return DocumentContent(self.number, day, quantity, amount)

    def outgoing(
        self, mapping: EntityMapping, customer: RemoteCustomer | None, received: Row | None = None
    ) -> OutgoingDocument:
        """The document in the remote system's own words. `received`: how the order is known there, where it
        was born there, or a DDT is of one that was."""
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
    """What a document comes to, to be compared; nothing once it is cancelled."""

    number: str
    day: date
    """Of an order its deadline, of a DDT its date."""
    quantity: Decimal
    amount: Decimal | None
    """Without VAT; None where there are no prices."""

    @property
    def is_nothing(self) -> bool:
        """Some ERPs delete what is cancelled: it need not be there any more."""
        return not self.quantity and not self.amount

    def differs_from(self, other: DocumentContent) -> bool:
        """Whether quantities do, or amounts by more than what rounding does."""
        if self.quantity != other.quantity:
            return True
        if self.amount is None or other.amount is None:
            return False
        return abs(self.amount - other.amount) > _ROUNDING


@dataclass(frozen=True, slots=True)
class OutgoingDocument:
    """A document as a connector writes it; heading and lines by remote name."""

    entity: Literal["order", "ddt"]
    internal_id: UUID
    number: str
    customer: RemoteCustomer | None
    """None for a document of nobody's."""
    columns: list[str]
    """All remote names, in the mapping's order."""
    heading: dict[str, str]
    lines: list[dict[str, str]]
    cancelled: bool = False
    """Or voided."""
    order_remote_id: str | None = None
    """Of a DDT: its order over there."""
    order_jobs: tuple[str, ...] = ()
    """Of a DDT: its order's jobs, in the order of the lines."""
    despatch_advice: str | None = None
    """Of a DDT: its electronic form (UBL), where nothing that it needs is missing."""

    def hash(self) -> str:
        """Tells whether the ERP has this very state already: a new price or a new mapping changes it."""
        return content_hash({"heading": self.heading, "lines": self.lines})
