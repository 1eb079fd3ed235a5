"""The bodies and queries that clients send."""

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
    """Whether an inspector must accept its work before it counts as done."""
    skippable: Flag = False
    unit: Annotated[str, Text(16)] | None = None
    """The unit of its quantities, such as sheets; the job's unit if absent."""
    factor: Count = Decimal(1)
    """How many of the job's units one of this phase's units makes, such as 8 leaflets of one sheet."""
    starts_on_parts: Flag = False
    """Whether it may begin as soon as a part of the work before it is handed in."""
    needs_proof: Flag = False
    """Whether it can begin only once the proofs of its brief are approved. Orders without a brief wait for
    none."""
    days: Annotated[int, Field(ge=1, le=LONGEST)] = 1
    """The least number of working days that it takes."""
    daily_quantity: Count | None = None
    """How much of it is made in a working day, in its unit. If absent, any quantity takes `days`."""


class FieldOfSheet(Command):
    key: Code
    name: Annotated[str, Text(100)]
    type: FieldType = FieldType.TEXT
    unit: Annotated[str, Text(16)] | None = None
    """The unit of a number, such as g/m²."""
    choices: Annotated[list[Annotated[str, Text(100)]], Field(max_length=MAX_CHOICES)] = Field(
        default_factory=list
    )
    """The values of a choice."""
    required: Flag = False
    """Whether a job's economics can be set only if this is filled in."""

    def field(self) -> SheetField:
        return SheetField(**{**dict(self), "choices": tuple(self.choices)})


class DefineKind(Command):
    name: Annotated[str, Text(100)]
    phases: Annotated[list[PhaseOfKind], Field(min_length=1, max_length=50)]
    sheet: Annotated[list[FieldOfSheet], Field(max_length=MAX_FIELDS)] = Field(default_factory=list)
    """The fields of its jobs' technical sheet, such as format, paper and colours."""
    tolerance_percent: Percent = DEFAULT_TOLERANCE_PERCENT
    """By how many percent the quantity made may differ from the quantity ordered."""

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
    """The kind of what is to be made. Either this or `article` is given."""
    article: Code | None = None
    """The code of the article that is taken from stock."""
    description: Annotated[str, Text(500)] | None = None
    """The article's description if absent."""
    quantity: Count
    unit: Annotated[str, Text(16)] | None = None
    """If absent, the article's unit, or pieces (`pz`)."""
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
    """Closes a line short, with the reason why no more of it is made and shipped."""


class ChangeDeadline(Command):
    deadline: Day
    reason: Annotated[str, Text(1000)]


class ChangeLine(Command):
    quantity: Count
    deliveries: Annotated[list[DeliveryOfItem], Field(max_length=200, default_factory=list)]
    """All destinations of the line; they add up to the quantity. If there are none, the goods may go
    anywhere."""
    reason: Annotated[str, Text(1000)]

    def destinations(self) -> tuple[Delivery, ...]:
        return tuple(Delivery(each.destination, each.quantity) for each in self.deliveries)


class TermsOfDelivery(Command):
    phase_id: UUID
    """A phase of the job, whose yield decides what is charged. The line's `quantity` is in this phase's
    unit."""
    tolerance_percent: Percent
    """In percent of the line's quantity. Within the tolerance, what is delivered is charged."""
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
    """The terms agreed with the supplier."""
    actual: Amount | None = None
    """The actual amount of the line in euro, once it is known."""
    phase_id: UUID | None = None
    """The phase of the job that it is for. If that phase is given up, only what was done of it counts."""
    delivery: TermsOfDelivery | None = None
    """With these terms, the yield of a phase decides the line's actual amount, and `actual` must be
    absent."""

    def line(self) -> CostLine:
        terms = self.delivery and DeliveryTerms(**dict(self.delivery))
        return CostLine(**{**dict(self), "delivery": terms})


class SetEconomics(Command):
    cost: Amount | None = None
    """Euro for the whole job. With `cost_lines` it is their sum and may be absent."""
    cost_lines: Annotated[list[NewCostLine], Field(max_length=100)] = Field(default_factory=list)
    """The parts of the cost. Each line counts with its actual amount or, until that is known, its planned
    one."""
    unit_price: UnitPrice | None = None
    """Euro for one unit, VAT excluded. If absent, the price that was approved with the brief."""
    price_reason: Annotated[str, Text(1000)] | None = None
    """Why the price differs from the approved one, within the tenant's tolerance."""
    supplier: Annotated[str, Text(200)] | None = None
    materials: Annotated[str, Text(2000, least=0)] = ""
    technical_sheet: Annotated[str, Text(10000, least=0)] = ""
    """Shown to the people who do the work."""
    sheet: Annotated[dict[Code, Annotated[str, Text(500, least=0)]], Field(max_length=MAX_FIELDS)] = Field(
        default_factory=dict
    )
    """The details that the job's kind of item asks for, by key. Also shown to the people who do the work."""
    vat_code: Annotated[str, Text(10)] = "22"

    def details(self) -> dict[str, Any]:
        return {**dict(self), "cost_lines": tuple(line.line() for line in self.cost_lines)}


class SetPricePolicy(Command):
    tolerance_percent: Percent
    """By how many percent a price may differ from the approved one, given a reason."""
    process: Code | None = None
    """The key of the process that approves other prices. If absent, the present process stays."""


class RequestAmendment(Command):
    """A request for another price or quantity. What is absent stays as it was approved."""

    unit_price: UnitPrice | None = None
    """The new price in euro for one unit, VAT excluded."""
    quantity: Count | None = None
    """The new quantity to order. It may exceed the tolerance."""
    deliveries: Annotated[list[DeliveryOfItem], Field(max_length=200)] | None = None
    """All destinations of the new quantity. If absent, it goes where the line goes: to its one destination,
    or anywhere."""
    reason: Annotated[str, Text(1000)]
    """The approvers read this reason."""

    def destinations(self) -> tuple[Delivery, ...] | None:
        if self.deliveries is None:
            return None
        return tuple(Delivery(each.destination, each.quantity) for each in self.deliveries)


class AssignPhase(Command):
    assignee_id: UUID
    reason: Annotated[str, Text(1000)] | None = None
    """Why another person is to do a phase that has started."""


class AssignPhases(Command):
    phase_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    assignee_id: UUID


class PriceOfFinisher(Command):
    unit_cost: UnitPrice
    """Euro for one unit of what the phase makes, VAT excluded."""
    tolerance_percent: Percent = Decimal(0)
    """In percent of the phase's quantity. Within the tolerance, what comes back is charged."""
    over: Bearer = Bearer.SUPPLIER
    under: Bearer = Bearer.SUPPLIER
    terms: Annotated[str, Text(500)] | None = None


class OutsourcePhase(Command):
    finisher: Code | None = None
    """The code of the company's destination. If absent, the work is done here."""
    price: PriceOfFinisher | None = None
    """The price that the company asks. It becomes a line of the job's cost; what comes back decides how much
    is paid."""

    def agreed(self) -> PriceOfWork | None:
        return PriceOfWork(**dict(self.price)) if self.price else None


class SplitPhase(Command):
    quantity: Count
    """How much another person is to do, in the phase's unit."""
    assignee_id: UUID | None = None
    """That person. If absent, the share has no assignee yet."""


class JoinShares(Command):
    with_id: UUID
    """The id of the other share. Of the two, the one with the lower number stays."""


class CorrectKind(Command):
    kind: Annotated[str, Text(64)]
    """The key of a kind that is defined."""


class ReportPart(Command):
    quantity: Count
    """The quantity in addition to what was handed in before."""


class GiveBackPhase(Command):
    reason: Annotated[str, Text(1000)]


class CompletePhase(Command):
    quantity: Count
    """The whole quantity, including the parts that were handed in before."""
    loss_reason: Annotated[str, Text(1000)] | None = None
    """Why the quantity is less than there was to work on."""
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
    """With `since`: phases that are planned for any of these days."""

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
    """If absent, all open tasks."""


class WriteMessage(Command):
    text: Annotated[str, Text(2000)]


class ReportMessage(WriteMessage):
    problem: Flag = False
    """Whether the work can't go on, or not as planned."""


class FileQuery(Query):
    name: Annotated[FileName, Field(examples=["foto.jpg"])]
    """The file's name. A folder and characters that some systems can't handle are removed."""


class WorkFiguresQuery(PeriodQuery):
    by: WorkBy = "phase"


class OrderFiguresQuery(PeriodQuery):
    by: OrdersBy = "kind"


class LoadQuery(Command):
    by: LoadBy = "week"
    until: Day | None = None
