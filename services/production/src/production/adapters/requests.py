"""What clients send."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.fields import PeriodQuery
from optima_kit.http import (
    Amount,
    Code,
    Command,
    Count,
    Day,
    FileName,
    Flag,
    PageQuery,
    Query,
    Text,
    UnitPrice,
)

from ..application.ports import BoardFilter, OrderFilter
from ..application.read.figures import LoadBy, OrdersBy, WorkBy
from ..application.write_order import AskedItem
from ..domain.charges import Bearer, DeliveryTerms, PriceOfWork
from ..domain.deliveries import Delivery
from ..domain.economics import CostKind, CostLine
from ..domain.kinds import DEFAULT_TOLERANCE_PERCENT, PhaseDefinition
from ..domain.machine import OrderState, PhaseState
from ..domain.plan import LONGEST, Lateness
from ..domain.sheets import MAX_CHOICES, MAX_FIELDS, FieldType, SheetField

Percent = Annotated[Amount, Field(le=100)]


class PhaseOfKind(Command):
    key: Code
    name: Annotated[str, Text(100)]
    after: Annotated[list[Code], Field(max_length=50, default_factory=list)]
    """Keys of the phases that must be over before this one starts."""
    quality_check: Flag = False
    """Its work must be accepted by an inspector before it counts as done."""
    skippable: Flag = False
    unit: Annotated[str, Text(16)] | None = None
    """What its quantities are counted in, such as sheets; without it, in the job's unit."""
    factor: Count = Decimal(1)
    """How many of the job's unit come of one of this phase's, such as 8 leaflets of a sheet."""
    starts_on_parts: Flag = False
    """It may begin on a part of what the phases before it make, as soon as that is handed in."""
    needs_proof: Flag = False
    """It begins once the proofs of its brief are approved. Orders without a brief don't wait for any."""
    days: Annotated[int, Field(ge=1, le=LONGEST)] = 1
    """Working days that it takes at least."""
    daily_quantity: Count | None = None
    """How much of it is made in a working day, in its unit. Without it, any quantity takes `days`."""


class FieldOfSheet(Command):
    key: Code
    name: Annotated[str, Text(100)]
    type: FieldType = FieldType.TEXT
    unit: Annotated[str, Text(16)] | None = None
    """Of a number, such as g/m²."""
    choices: Annotated[list[Annotated[str, Text(100)]], Field(max_length=MAX_CHOICES)] = Field(
        default_factory=list
    )
    """Of a choice: one of these."""
    required: Flag = False
    """Without it, a job's economics can't be set."""

    def field(self) -> SheetField:
        return SheetField(**{**dict(self), "choices": tuple(self.choices)})


class DefineKind(Command):
    name: Annotated[str, Text(100)]
    phases: Annotated[list[PhaseOfKind], Field(min_length=1, max_length=50)]
    sheet: Annotated[list[FieldOfSheet], Field(max_length=MAX_FIELDS)] = Field(default_factory=list)
    """Details of the technical sheet of its jobs: format, paper, colours."""
    tolerance_percent: Percent = DEFAULT_TOLERANCE_PERCENT
    """How far the quantity made may differ from the quantity ordered."""

    def definitions(self) -> tuple[PhaseDefinition, ...]:
        return tuple(
            PhaseDefinition(
                p.key,
                p.name,
                tuple(p.after),
                p.quality_check,
                p.skippable,
                p.unit,
                p.factor,
                p.starts_on_parts,
                p.needs_proof,
                p.days,
                p.daily_quantity,
            )
            for p in self.phases
        )


class DeliveryOfItem(Command):
    destination: Code
    quantity: Count


class ItemOfOrder(Command):
    kind: Annotated[str, Text(64)] | None = None
    """Of what is to be made. Either this or `article` is given."""
    article: Code | None = None
    """Code of the article that is taken from stock."""
    description: Annotated[str, Text(500)] | None = None
    """Without it, the article's."""
    quantity: Count
    unit: Annotated[str, Text(16)] | None = None
    """Without it, the article's, or pieces (`pz`)."""
    deliveries: Annotated[list[DeliveryOfItem], Field(max_length=200, default_factory=list)]

    def item(self) -> AskedItem:
        return AskedItem(
            kind=self.kind,
            article=self.article,
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            deliveries=tuple(Delivery(d.destination, d.quantity) for d in self.deliveries),
        )


class WriteOrder(Command):
    title: Annotated[str, Text(200)]
    customer: Code | None = None
    deadline: Day
    items: Annotated[list[ItemOfOrder], Field(min_length=1, max_length=100)]


class CancelOrder(Command):
    reason: Annotated[str, Text(1000)]


class CloseShort(CancelOrder):
    """Why no more is made and shipped."""


class ChangeDeadline(Command):
    deadline: Day
    reason: Annotated[str, Text(1000)]


class ChangeLine(Command):
    quantity: Count
    deliveries: Annotated[list[DeliveryOfItem], Field(max_length=200, default_factory=list)]
    """All of them; they add up to the quantity. Without any, the goods may go anywhere."""
    reason: Annotated[str, Text(1000)]

    def destinations(self) -> tuple[Delivery, ...]:
        return tuple(Delivery(each.destination, each.quantity) for each in self.deliveries)


class TermsOfDelivery(Command):
    phase_id: UUID
    """Of the job: what the phase yields decides what is charged. `quantity` of the line is in its unit."""
    tolerance_percent: Percent
    """Of the line's quantity: within it, what is delivered is charged."""
    over: Bearer = Bearer.SUPPLIER
    """Who bears what is delivered beyond the tolerance: the supplier (it is not charged) or us."""
    under: Bearer = Bearer.SUPPLIER
    """Who bears what is missing beyond it: the supplier (it is not charged) or us."""


class NewCostLine(Command):
    what: CostKind
    description: Annotated[str, Text(500)]
    quantity: Count = Decimal(1)
    unit_cost: UnitPrice
    """Euro, as planned, VAT excluded."""
    supplier: Annotated[str, Text(200)] | None = None
    terms: Annotated[str, Text(500)] | None = None
    """Agreed with the supplier."""
    actual: Amount | None = None
    """Euro that the line came to, once that is known."""
    phase_id: UUID | None = None
    """The phase of the job that it is for: where that is not done any more, the line is no longer planned."""
    delivery: TermsOfDelivery | None = None
    """With these, what a phase yields decides what the line comes to; `actual` is not stated."""

    def line(self) -> CostLine:
        terms = self.delivery and DeliveryTerms(**dict(self.delivery))
        return CostLine(**{**dict(self), "delivery": terms})


class SetEconomics(Command):
    cost: Amount | None = None
    """Euro for the whole job. With `cost_lines` it is their sum, and need not be stated."""
    cost_lines: Annotated[list[NewCostLine], Field(max_length=100)] = Field(default_factory=list)
    """What the cost is made of. Of each line counts what it came to or, until then, what is planned."""
    unit_price: UnitPrice | None = None
    """Euro for one unit, VAT excluded. Without it, the price that was approved with the brief."""
    price_reason: Annotated[str, Text(1000)] | None = None
    """Why the price differs from the approved one, within the tenant's tolerance."""
    supplier: Annotated[str, Text(200)] | None = None
    materials: Annotated[str, Text(2000, least=0)] = ""
    technical_sheet: Annotated[str, Text(10000, least=0)] = ""
    """Shown to those who do the work."""
    sheet: Annotated[dict[Code, Annotated[str, Text(500, least=0)]], Field(max_length=MAX_FIELDS)] = Field(
        default_factory=dict
    )
    """Shown to them as well: the details that the job's kind of item asks for, by their keys."""
    vat_code: Annotated[str, Text(10)] = "22"

    def details(self) -> dict[str, Any]:
        return {**dict(self), "cost_lines": tuple(line.line() for line in self.cost_lines)}


class SetPricePolicy(Command):
    tolerance_percent: Percent
    """How far a price may differ from the approved one, given a reason."""
    process: Code | None = None
    """Key of the approval process that approves other prices anew. Without it, it stays."""


class RequestAmendment(Command):
    """What is left out stays as it was approved."""

    unit_price: UnitPrice | None = None
    """Euro for one unit, VAT excluded: what is to be approved instead of what was."""
    quantity: Count | None = None
    """How much is to be ordered instead, beyond the tolerance as well."""
    deliveries: Annotated[list[DeliveryOfItem], Field(max_length=200)] | None = None
    """Of this quantity, all of them. Left out, it goes where the line goes: to one place, or anywhere."""
    reason: Annotated[str, Text(1000)]
    """Those who approve it read it."""

    def destinations(self) -> tuple[Delivery, ...] | None:
        if self.deliveries is None:
            return None
        return tuple(Delivery(each.destination, each.quantity) for each in self.deliveries)


class AssignPhase(Command):
    assignee_id: UUID
    reason: Annotated[str, Text(1000)] | None = None
    """Why somebody else is to do what has been started."""


class AssignPhases(Command):
    phase_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    assignee_id: UUID


class PriceOfFinisher(Command):
    unit_cost: UnitPrice
    """Euro for one of what the phase makes, VAT excluded."""
    tolerance_percent: Percent = Decimal(0)
    """Of the phase's quantity: within it, what comes back is charged."""
    over: Bearer = Bearer.SUPPLIER
    under: Bearer = Bearer.SUPPLIER
    terms: Annotated[str, Text(500)] | None = None


class OutsourcePhase(Command):
    finisher: Code | None = None
    """Code of the destination of the company outside; absent: the work is done here."""
    price: PriceOfFinisher | None = None
    """What the company asks: a line of the job's cost, which comes to what is paid of what is back."""

    def agreed(self) -> PriceOfWork | None:
        return PriceOfWork(**dict(self.price)) if self.price else None


class SplitPhase(Command):
    quantity: Count
    """What somebody else is to do of it, in its unit."""
    assignee_id: UUID | None = None
    """Who; absent: nobody yet."""


class JoinShares(Command):
    with_id: UUID
    """Of the other share. Of the two, the one with the lower number stays."""


class CorrectKind(Command):
    kind: Annotated[str, Text(64)]
    """One that is defined."""


class ReportPart(Command):
    quantity: Count
    """Beside what was handed in before."""


class GiveBackPhase(Command):
    reason: Annotated[str, Text(1000)]


class CompletePhase(Command):
    quantity: Count
    """In all, with the parts that were handed in before."""
    loss_reason: Annotated[str, Text(1000)] | None = None
    """Why less came out than there was to work on."""
    note: Annotated[str, Text(2000, least=0)] = ""


class RejectPhase(Command):
    reason: Annotated[str, Text(1000)]


class OrderQuery(PageQuery):
    state: OrderState | None = None
    customer: Code | None = None
    brief_id: UUID | None = None
    number: Annotated[str, Text(20)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")] | None = None
    """Words of the number or the title."""

    def wanted(self) -> OrderFilter:
        return OrderFilter(self.state, self.customer, self.brief_id, self.number, self.text)


class BoardQuery(PageQuery):
    state: Literal["waiting", "ready", "assigned", "in_progress", "to_inspect"] | None = None
    assignee_id: UUID | None = None
    unassigned: bool = False
    lateness: Lateness | None = None
    since: Day | None = None
    until: Day | None = None
    """With `since`: planned for any day of these."""

    def wanted(self) -> BoardFilter:
        return BoardFilter(
            PhaseState(self.state) if self.state else None,
            self.assignee_id,
            self.unassigned,
            self.lateness,
            self.since,
            self.until,
        )


class TaskQuery(PageQuery):
    state: PhaseState | None = None
    """Without it, all open tasks."""


class WriteMessage(Command):
    text: Annotated[str, Text(2000)]


class ReportMessage(WriteMessage):
    problem: Flag = False
    """The work can't go on, or not as planned."""


class FileQuery(Query):
    name: Annotated[FileName, Field(examples=["foto.jpg"])]
    """File name. A folder, and what some system would stumble over, are taken out."""


class WorkFiguresQuery(PeriodQuery):
    by: WorkBy = "phase"


class OrderFiguresQuery(PeriodQuery):
    by: OrdersBy = "kind"


class LoadQuery(Command):
    by: LoadBy = "week"
    until: Day | None = None
