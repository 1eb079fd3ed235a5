"""What readers see of production. What they may not see is absent, and so is a field without a value."""

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
"""A quantity of zero or more with at most three decimals, written as text."""

Balance = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,12}\.\d{2}$", "examples": ["-120.50"]}),
]
"""An amount in euro that may be negative, written as text."""


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
    """The unit of its quantities; absent if it is the job's unit."""
    factor: Quantity
    """How many of the job's units one of this phase's units makes."""
    starts_on_parts: bool
    """Whether it may begin on a part of what the phases before it make."""
    needs_proof: bool
    """Whether it can begin only once the proofs of its brief are approved."""
    days: int
    """The least number of working days that it takes."""
    daily_quantity: Quantity | None
    """How much of it is made in a working day; absent if `days` are enough for any quantity."""


class SheetFieldView(View):
    """A field of the technical sheet of a kind's jobs."""

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
    """How far, in percent, the quantity made may differ from the quantity ordered."""
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
    """The customer of an order. Only the code is shown if the ERP has not sent the customer."""

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
    """The company that does a phase outside, and where its goods are, in the phase's unit."""

    finisher: str | None
    """The code of the company's destination; absent if the work is done here again."""
    finisher_name: str | None
    """The company's name and town in the warehouse."""
    sent: Quantity
    away: Quantity
    """The part of `sent` that is not back."""
    made: Quantity
    """What came back in good order from the present attempt."""
    scrap: Quantity
    """What came back unusable, from all attempts."""


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
    """How many of the job's units one of this phase's units makes."""
    share: Quantity | None
    """How much of the work is this phase's, if other phases with the same key do the rest; absent if it does
    all."""
    share_number: int | None
    made_so_far: Quantity | None
    """The quantity handed in before completion."""
    quantity: Quantity | None
    lost: Quantity | None
    """The quantity lost of what there was to work on."""
    loss_reason: str | None
    note: str
    rejected_attempts: list[RejectedAttemptView]
    proof_missing: bool | None
    """Whether it must wait until the proofs of its brief are approved."""
    outside: OutsideView | None
    """Only if a company outside does the phase, or has done it."""
    actions: list[PhaseAction]
    """What the reader may do now."""


class DeliveryTermsView(View):
    """Agreed terms by which a phase's yield decides what a cost line amounts to."""

    phase_id: UUID
    tolerance_percent: Amount
    over: Bearer
    """The party that bears what is delivered beyond the tolerance."""
    under: Bearer
    """The party that bears what is missing beyond the tolerance."""


class CostLineView(View):
    what: CostKind
    description: str
    quantity: Quantity
    unit_cost: UnitPrice
    planned: Amount
    actual: Amount | None
    """The actual amount, once it is known."""
    supplier: str | None
    supplier_name: str | None
    """If `supplier` is a destination's code: the name and town of that destination."""
    terms: str | None
    delivery: DeliveryTermsView | None
    charged: Quantity | None
    """The quantity that is paid once the phase is over, by these terms or because the work was given up."""
    phase_id: UUID | None
    """The phase that the cost is for, if no terms of delivery name it."""
    given_up: bool | None
    """Whether its phase will not be finished: of what was planned, only what was done of it counts."""


class EconomicsView(View):
    cost: Amount
    """If there are lines: the sum of each line's actual amount or, until that is known, its planned one."""
    planned_cost: Amount
    cost_in_question: Amount | None
    """The part of the cost that may include work given up after it was stated; absent if there is none."""
    cost_lines: list[CostLineView]
    unit_price: UnitPrice
    price_reason: str | None
    """Why the price differs from the approved one."""
    price: Amount
    """The price of the whole job, VAT excluded."""
    margin: Balance
    margin_percent: Tenths | None
    """The margin in percent of the price; absent if the price is zero."""
    supplier: str | None
    materials: str
    technical_sheet: str
    sheet: list[SheetEntryView]
    """The details that the kind of item asks for."""
    vat_code: str


class EconomicsEntryView(View):
    """An entry in the history of a job's economics. Price and margin are computed with the job's present
    quantity."""

    set_at: datetime
    set_by: PersonView | None
    economics: EconomicsView


class PricePolicyView(View):
    tolerance_percent: Amount
    """By how many percent a price may differ from the approved one, given a reason."""
    process: str
    """The key of the process that approves other prices."""
    version: int
    """To be sent back as `If-Match` with a change; 0 until the policy was set."""
    actions: list[PricePolicyAction]
    """What the reader may do now."""


class DeliveryView(View):
    destination: str
    quantity: Quantity


class AmendmentView(View):
    """A request for another price or quantity than the approved one, which goes through an approval."""

    id: UUID
    state: AmendmentState
    quantity: Quantity
    """The line's quantity when the amendment was requested."""
    quantity_after: Quantity | None
    """The quantity that the line is to have instead."""
    deliveries_after: list[DeliveryView] | None
    unit_price_before: UnitPrice | None
    unit_price: UnitPrice
    amount_before: Amount | None
    amount: Amount
    reason: str
    requested_at: datetime
    requested_by: PersonView
    approval_id: UUID | None
    """Absent until its approval has begun."""
    ended_at: datetime | None
    ended_by: PersonView | None
    ended_because: str | None


class JobView(View):
    id: UUID
    order_id: UUID
    item_id: UUID | None
    kind: str
    article_id: UUID | None
    """For a line that is taken from stock: its article. Nothing of it is made, and `kind` is the article's
    code."""
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
    """The price approved with the brief or by an amendment, to which `economics` must keep."""
    amendments: list[AmendmentView] | None
    """The amendments, newest first, for readers who may see economics."""
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
    """A change of the deadline or of a line: what it was before, and why it was changed."""

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
    """The changes of what was ordered after its confirmation, newest first."""
    actions: list[OrderAction]
    """What the reader may do now."""


class TaskView(View):
    """A phase as its assignee sees it."""

    id: UUID
    phase: str
    description: str
    quantity: Quantity
    least: Quantity
    """Completing the phase with less than this, or with more than `most`, is refused."""
    most: Quantity
    unit: str
    share_number: int | None
    """The number of the share, if the phase is for a share of the work and others do the rest."""
    technical_sheet: str
    sheet: list[SheetEntryView]
    deadline: date
    planned_start: date | None
    planned_end: date | None
    """The last day on which the work is to be done, so that what follows can be done by the deadline."""
    state: PhaseState
    attempt: int
    started_at: datetime | None
    completed_at: datetime | None
    made_so_far: Quantity | None
    """The quantity handed in before completion. `completed_quantity` includes it."""
    completed_quantity: Quantity | None
    lost: Quantity | None
    """The quantity lost of what there was to work on."""
    loss_reason: str | None
    note: str
    rejected_attempts: list[RejectedAttemptView]
    """The reader's own attempts that were refused."""
    proof_missing: bool | None
    """Whether it must wait because the proof that it is made from is not approved."""
    outside: OutsideView | None
    """Only if a company outside does the phase, or has done it."""
    actions: list[TaskAction]
    """What the reader may do now."""


class BoardPhaseView(View):
    """A phase on the board of all orders."""

    id: UUID
    name: str
    state: PhaseState
    job_id: UUID
    order_id: UUID
    order_number: str
    title: str
    """The order's title."""
    description: str
    """The job's description."""
    quantity: Quantity
    """The quantity to be made, in the phase's unit."""
    unit: str
    share_number: int | None
    """The number of the share, if the phase is for a share of the work."""
    assignee: PersonView | None
    planned_start: date | None
    due: date
    """Its last planned day, or the order's deadline if it has no plan."""
    lateness: Lateness
    actions: list[BoardAction]
    """What the reader may do now."""


class AssigneeView(View):
    """A person whom phases may be given to."""

    id: UUID
    name: str
    open: int
    """How many phases they have still to begin or to complete."""
    late: int
    """How many of these are past their last planned day."""


class GivenBackPhaseView(View):
    """A phase that is no longer the reader's task."""

    id: UUID
    state: PhaseState


class MessageView(View):
    """A message by the assignee of a phase, or to them."""

    id: UUID
    author: PersonView
    text: str
    """Empty if the message is only a file."""
    problem: bool
    """Whether the assignee can't go on, or not as planned."""
    written_at: datetime
    file_name: str | None
    """The name of the file that was sent with the message, if any."""


class FigureGroupView(View):
    """The group that figures are about. Only the fields that the figures are grouped by are present."""

    kind: str | None
    phase: str | None
    """The phase's name."""
    assignee: PersonView | None
    customer: str | None
    """The customer's code."""
    month: str | None
    """Such as 2026-11."""
    week: date | None
    """The week's Monday."""


class WorkFigureView(View):
    group: FigureGroupView
    completed: int
    """The number of phases."""
    days: Tenths | None
    """The average from start to completion."""
    on_time_percent: Tenths | None
    """The share of completed phases that ended by their last planned day."""
    rejected: int
    """How many times quality refused work."""
    rejected_percent: Tenths | None
    """The share of everything handed in that quality refused."""


class MarginView(View):
    lines: int
    """How many lines have a cost and a price."""
    cost: Amount
    price: Amount
    margin: Balance
    margin_percent: Tenths | None
    """The margin in percent of the price."""


class OrderFigureView(View):
    group: FigureGroupView
    lines: int
    """The lines of orders that became ready."""
    days: Tenths | None
    """The average from the confirmation until the order was ready."""
    on_time_percent: Tenths | None
    """The share of these lines that were ready by the deadline."""
    economics: MarginView | None
    """Only for readers who may set the economics of jobs."""


class LoadFigureView(View):
    group: FigureGroupView
    phases: int
    """How many phases are still to be done."""
    late: int
    """How many of these are past their last planned day."""
