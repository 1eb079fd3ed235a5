"""What a reader gets to see of production. What they may not see is absent, and so is what has no value."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import PlainSerializer, WithJsonSchema

from optima_contracts.quantities import quantity_text
from optima_kit.fields import Amount, PersonView, Tenths, UnitPrice, View

from ...domain.amendments import AmendmentState
from ...domain.charges import Bearer
from ...domain.economics import CostKind
from ...domain.machine import JobState, OrderState, PhaseState
from ...domain.plan import Lateness
from ...domain.sheets import FieldType
from ...domain.shipments import ShipmentState
from .access import (
    BoardAction,
    JobAction,
    KindAction,
    OrderAction,
    PhaseAction,
    PricePolicyAction,
    TaskAction,
)

Quantity = Annotated[
    Decimal,
    PlainSerializer(quantity_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,12}(\.\d{1,3})?$", "examples": ["500"]}),
]
"""Zero or more, at most three decimals, as text."""

Balance = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,12}\.\d{2}$", "examples": ["-120.50"]}),
]
"""Euro, possibly below zero, as text."""


class KindPhaseView(View):
    """A phase that jobs of the kind go through."""

    key: str
    name: str
    after: tuple[str, ...]
    """Keys of the phases that must be over before this one starts."""
    quality_check: bool
    """Whether an inspector must accept its work before it counts as done."""
    skippable: bool
    unit: str | None
    """What its quantities are counted in; absent: in the job's unit."""
    factor: Quantity
    """How many of the job's unit come of one of this phase's."""
    starts_on_parts: bool
    """Whether it may begin on a part of what the phases before it make."""
    needs_proof: bool
    """Whether it begins once the proofs of its brief are approved."""
    days: int
    """Working days that it takes at least."""
    daily_quantity: Quantity | None
    """How much of it is made in a working day; absent: `days` are enough for any quantity."""


class SheetFieldView(View):
    """A detail that the technical sheet of a kind's jobs has."""

    key: str
    name: str
    type: FieldType
    unit: str | None
    choices: tuple[str, ...]
    required: bool


class SheetEntryView(View):
    """A detail of a job's technical sheet."""

    key: str
    name: str
    value: str
    type: FieldType
    unit: str | None


class KindView(View):
    key: str
    name: str
    phases: list[KindPhaseView]
    sheet: list[SheetFieldView]
    tolerance_percent: Amount
    """How far the quantity made may differ from the quantity ordered."""
    version: int
    """To be sent back as `If-Match` with a change."""
    actions: list[KindAction]
    """What the reader may do now."""


class CustomerView(View):
    code: str
    name: str
    vat_number: str | None
    fiscal_code: str | None
    street: str
    postal_code: str
    city: str
    province: str
    country: str
    payment_method: str | None
    payment_terms: str | None


class OrderCustomerView(View):
    """Code alone when the ERP has not told of the customer."""

    code: str
    name: str | None = None
    payment_method: str | None = None
    payment_terms: str | None = None


class RejectedAttemptView(View):
    attempt: int
    quantity: Quantity
    note: str
    completed_at: datetime
    rejected_at: datetime
    reason: str


class OutsideView(View):
    """Who does a phase outside, and where its goods are; in its unit."""

    finisher: str | None
    """Code of the company's destination; absent: it is done here again."""
    finisher_name: str | None
    """What the warehouse calls it, with its town."""
    sent: Quantity
    away: Quantity
    """Of that, what is not back."""
    made: Quantity
    """What came back in good order, of this attempt."""
    scrap: Quantity
    """What came back of no use, of all attempts."""


class PhaseView(View):
    id: UUID
    key: str
    name: str
    after: tuple[str, ...]
    """Keys of the phases that must be over before this one starts."""
    quality_check: bool
    skippable: bool
    state: PhaseState
    assignee: PersonView | None
    attempt: int
    planned_start: date | None
    planned_end: date | None
    started_at: datetime | None
    completed_at: datetime | None
    unit: str
    factor: Quantity
    """How many of the job's unit come of one of this phase's."""
    share: Quantity | None
    """What of the work is this phase's, where others of the same key have the rest; absent: all of it."""
    share_number: int | None
    made_so_far: Quantity | None
    """Handed in before its completion."""
    quantity: Quantity | None
    lost: Quantity | None
    """Of what there was to work on."""
    loss_reason: str | None
    note: str
    rejected_attempts: list[RejectedAttemptView]
    proof_missing: bool | None
    """It can't begin before the proofs of its brief are approved."""
    outside: OutsideView | None
    """Of one that a company outside does, or has done."""
    actions: list[PhaseAction]
    """What the reader may do now."""


class DeliveryTermsView(View):
    """By which what a phase yields decides what a line of its cost comes to."""

    phase_id: UUID
    tolerance_percent: Amount
    over: Bearer
    """Who bears what is delivered beyond the tolerance."""
    under: Bearer
    """Who bears what is missing beyond it."""


class CostLineView(View):
    what: CostKind
    description: str
    quantity: Quantity
    unit_cost: UnitPrice
    planned: Amount
    actual: Amount | None
    """What it came to, once that is known."""
    supplier: str | None
    supplier_name: str | None
    """Where it is a destination's code: what the warehouse calls that, with its town."""
    terms: str | None
    delivery: DeliveryTermsView | None
    charged: Quantity | None
    """What of the phase's yield is paid by these terms, or of what was given up, once it is over."""
    phase_id: UUID | None
    """That it is for, where no terms of delivery name it."""
    given_up: bool | None
    """Its phase is not done any more: of what is planned, only what was done of it counts."""


class EconomicsView(View):
    cost: Amount
    """With lines, of each what it came to or, until then, what is planned."""
    planned_cost: Amount
    cost_in_question: Amount | None
    """What of the cost may hold work that was given up after it was stated; absent where nothing is."""
    cost_lines: list[CostLineView]
    unit_price: UnitPrice
    price_reason: str | None
    """Why it differs from the approved one."""
    price: Amount
    """Of the whole job, VAT excluded."""
    margin: Balance
    margin_percent: Tenths | None
    """Of the price; absent where it is free."""
    supplier: str | None
    materials: str
    technical_sheet: str
    sheet: list[SheetEntryView]
    """What the kind of item asks for."""
    vat_code: str


class EconomicsEntryView(View):
    """What a job's economics were set to; price and margin by the quantity as it is now."""

    set_at: datetime
    set_by: PersonView | None
    economics: EconomicsView


class PricePolicyView(View):
    tolerance_percent: Amount
    """How far a price may differ from the approved one, given a reason."""
    process: str
    """Key of the approval process that approves other prices anew."""
    version: int
    """To be sent back as `If-Match` with a change; 0 until there was one."""
    actions: list[PricePolicyAction]
    """What the reader may do now."""


class DeliveryView(View):
    destination: str
    quantity: Quantity


class AmendmentView(View):
    """Another price or quantity than the approved one, which is approved anew."""

    id: UUID
    state: AmendmentState
    quantity: Quantity
    """Of the line, when it was asked for."""
    quantity_after: Quantity | None
    """That it is to have instead."""
    deliveries_after: list[DeliveryView] | None
    unit_price_before: UnitPrice | None
    unit_price: UnitPrice
    amount_before: Amount | None
    amount: Amount
    reason: str
    requested_at: datetime
    requested_by: PersonView
    approval_id: UUID | None
    """Once its approval has begun."""
    ended_at: datetime | None
    ended_by: PersonView | None
    ended_because: str | None


class JobView(View):
    id: UUID
    order_id: UUID
    item_id: UUID | None
    kind: str
    article_id: UUID | None
    """Of a line that is taken from stock: nothing of it is made, and `kind` is the article's code."""
    description: str
    quantity: Quantity
    unit: str
    deliveries: list[DeliveryView]
    state: JobState
    blocked_reason: str | None
    started_at: datetime | None
    produced: Quantity | None
    closed_because: str | None
    """Why the line was closed short."""
    shipped: Quantity
    delivered: Quantity
    tolerance_percent: Amount
    version: int
    """To be sent back as `If-Match` with the job's economics."""
    phases: list[PhaseView] | None
    technical_sheet: str | None
    sheet: list[SheetEntryView] | None
    approved_unit_price: UnitPrice | None
    """As approved with the brief, or anew: what `economics` must keep to."""
    amendments: list[AmendmentView] | None
    """The newest first, for those who may see economics."""
    economics: EconomicsView | None
    actions: list[JobAction]
    """What the reader may do now."""


class ShipmentView(View):
    id: UUID
    state: ShipmentState
    ddt_number: str | None
    quantities: dict[UUID, Quantity]
    """By job."""


class OrderSummaryView(View):
    id: UUID
    number: str
    brief_id: UUID | None
    title: str
    state: OrderState
    deadline: date
    confirmed_at: datetime
    version: int
    customer: OrderCustomerView | None


class OrderChangeView(View):
    """Of the deadline, or of a line: what it was before, and why it was changed."""

    changed_at: datetime
    changed_by: PersonView
    reason: str
    deadline_before: date | None
    job_id: UUID | None
    quantity_before: Quantity | None
    deliveries_before: list[DeliveryView] | None


class OrderView(OrderSummaryView):
    started_at: datetime | None
    ready_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    cancellation_reason: str | None
    jobs: list[JobView]
    shipments: list[ShipmentView] | None
    changes: list[OrderChangeView]
    """Of what was ordered, after its confirmation; the newest first."""
    actions: list[OrderAction]
    """What the reader may do now."""


class TaskView(View):
    """A phase as its assignee sees it."""

    id: UUID
    phase: str
    description: str
    quantity: Quantity
    least: Quantity
    """Completed with less than this, or more than `most`, the phase is refused."""
    most: Quantity
    unit: str
    share_number: int | None
    """Of a phase that is for a share of the work; others do the rest."""
    technical_sheet: str
    sheet: list[SheetEntryView]
    deadline: date
    planned_start: date | None
    planned_end: date | None
    """When the work is to be done, so that what follows can be done by the deadline."""
    state: PhaseState
    attempt: int
    started_at: datetime | None
    completed_at: datetime | None
    made_so_far: Quantity | None
    """Handed in before the completion, whose quantity includes it."""
    completed_quantity: Quantity | None
    lost: Quantity | None
    """Of what there was to work on."""
    loss_reason: str | None
    note: str
    rejected_attempts: list[RejectedAttemptView]
    """The reader's own attempts that were refused."""
    proof_missing: bool | None
    """It can't begin yet: what it is made after is not approved."""
    outside: OutsideView | None
    """Of one that a company outside does, or has done."""
    actions: list[TaskAction]
    """What the reader may do now."""


class BoardPhaseView(View):
    """A phase among those of all orders."""

    id: UUID
    name: str
    state: PhaseState
    job_id: UUID
    order_id: UUID
    order_number: str
    title: str
    """Of the order."""
    description: str
    """Of the job."""
    quantity: Quantity
    """To be made, in the phase's unit."""
    unit: str
    share_number: int | None
    """Of a phase that is for a share of the work."""
    assignee: PersonView | None
    planned_start: date | None
    due: date
    """Its last planned day, or the order's deadline where it has no plan."""
    lateness: Lateness
    actions: list[BoardAction]
    """What the reader may do now."""


class AssigneeView(View):
    """A person whom phases may be given to."""

    id: UUID
    name: str
    open: int
    """Phases that they have still to begin or to complete."""
    late: int
    """Those of them that are past their last planned day."""


class GivenBackPhaseView(View):
    """A phase that is no longer the reader's task."""

    id: UUID
    state: PhaseState


class MessageView(View):
    """Written by the assignee of a phase, or to them."""

    id: UUID
    author: PersonView
    text: str
    """Empty where a file was sent."""
    problem: bool
    """Whether the assignee can't go on, or not as planned."""
    written_at: datetime
    file_name: str | None
    """Of the file that was sent with it, if any."""


class FigureGroupView(View):
    """What figures are about: the parts that they are grouped by."""

    kind: str | None
    phase: str | None
    """Its name."""
    assignee: PersonView | None
    customer: str | None
    """Its code."""
    month: str | None
    """As in 2026-11."""
    week: date | None
    """Its Monday."""


class WorkFigureView(View):
    group: FigureGroupView
    completed: int
    """Phases."""
    days: Tenths | None
    """From start to completion, on average."""
    on_time_percent: Tenths | None
    """Of those completed, how many ended by their last planned day."""
    rejected: int
    """Times that quality refused work."""
    rejected_percent: Tenths | None
    """Of all that was handed in."""


class MarginView(View):
    lines: int
    """Those that have cost and price."""
    cost: Amount
    price: Amount
    margin: Balance
    margin_percent: Tenths | None
    """Of the price."""


class OrderFigureView(View):
    group: FigureGroupView
    lines: int
    """Of orders that became ready."""
    days: Tenths | None
    """From confirmation until the order was ready, on average."""
    on_time_percent: Tenths | None
    """Ready by the deadline."""
    economics: MarginView | None
    """For those alone who set the economics of jobs."""


class LoadFigureView(View):
    group: FigureGroupView
    phases: int
    """Still to be done."""
    late: int
    """Those of them that are past their last planned day."""
