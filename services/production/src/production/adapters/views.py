"""What is asked and answered over HTTP. Fields that are hidden from the actor are left out, not null."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from optima_kit.http import Amount, Code, Command, Count, Day, Flag, PageQuery, Text, View

from ..application.ports import Customer
from ..application.queries import SeenJob, SeenOrder, SeenPhase, SeenTask
from ..domain.economics import Economics, margin, price
from ..domain.job import Delivery, Item, RejectedAttempt, quantity_bounds
from ..domain.kinds import DEFAULT_TOLERANCE_PERCENT, Kind, PhaseDefinition
from ..domain.machine import JobState, OrderState, PhaseState
from ..domain.order import Order
from ..domain.shipments import ShipmentState

Percent = Annotated[Amount, Field(le=100)]

Quantity = Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,3})?$", examples=["500"])]
"""Zero or more, at most three decimals, as text."""

Balance = Annotated[str, Field(pattern=r"^-?\d{1,12}\.\d{2}$", examples=["-120.50"])]
"""Euro, possibly below zero, as text."""


class PhaseOfKind(Command):
    key: Code
    name: Annotated[str, Text(100)]
    after: Annotated[list[Code], Field(max_length=50, default_factory=list)]
    """Keys of the phases that must be over before this one starts."""
    quality_check: Flag = False
    """Its work must be accepted by an inspector before it counts as done."""
    skippable: Flag = False


class DefineKind(Command):
    name: Annotated[str, Text(100)]
    phases: Annotated[list[PhaseOfKind], Field(min_length=1, max_length=50)]
    tolerance_percent: Percent = DEFAULT_TOLERANCE_PERCENT
    """How far the quantity made may differ from the quantity ordered."""

    def definitions(self) -> tuple[PhaseDefinition, ...]:
        return tuple(
            PhaseDefinition(p.key, p.name, tuple(p.after), p.quality_check, p.skippable) for p in self.phases
        )


class PhaseOfKindView(View):
    key: str
    name: str
    after: list[str]
    quality_check: bool
    skippable: bool


class KindView(View):
    key: str
    name: str
    phases: list[PhaseOfKindView]
    tolerance_percent: Amount
    version: int


class DeliveryOfItem(Command):
    destination: Code
    quantity: Count


class ItemOfOrder(Command):
    kind: Annotated[str, Text(64)]
    description: Annotated[str, Text(500)]
    quantity: Count
    unit: Annotated[str, Text(16)] = "pz"
    deliveries: Annotated[list[DeliveryOfItem], Field(max_length=200, default_factory=list)]

    def item(self) -> Item:
        return Item(
            item_id=None,
            kind=self.kind,
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


class SetEconomics(Command):
    cost: Amount
    """Euro for the whole job."""
    unit_price: Amount
    """Euro for one unit, VAT excluded."""
    supplier: Annotated[str, Text(200)] | None = None
    materials: Annotated[str, Text(2000, least=0)] = ""
    technical_sheet: Annotated[str, Text(10000, least=0)] = ""
    """Shown to those who do the work."""
    vat_code: Annotated[str, Text(10)] = "22"

    def economics(self) -> Economics:
        return Economics(
            cost=self.cost,
            unit_price=self.unit_price,
            supplier=self.supplier,
            materials=self.materials,
            technical_sheet=self.technical_sheet,
            vat_code=self.vat_code,
        )


class AssignPhase(Command):
    assignee_id: UUID


class CompletePhase(Command):
    quantity: Count
    note: Annotated[str, Text(2000, least=0)] = ""


class RejectPhase(Command):
    reason: Annotated[str, Text(1000)]


class OrderQuery(PageQuery):
    state: OrderState | None = None
    customer: Code | None = None
    brief_id: UUID | None = None
    number: Annotated[str, Text(20)] | None = None


class TaskQuery(PageQuery):
    state: PhaseState | None = None
    """Without it, all open tasks."""


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


class PersonView(View):
    id: UUID
    name: str | None
    """None for a person of whom the directory has not told."""


class PhaseView(View):
    id: UUID
    key: str
    name: str
    after: list[str]
    quality_check: bool
    skippable: bool
    state: PhaseState
    assignee: PersonView | None
    attempt: int
    started_at: datetime | None
    completed_at: datetime | None
    quantity: Quantity | None
    note: str
    rejected_attempts: list[RejectedAttemptView]


class EconomicsView(View):
    cost: Amount
    unit_price: Amount
    price: Amount
    margin: Balance
    supplier: str | None
    materials: str
    technical_sheet: str
    vat_code: str


class DeliveryView(View):
    destination: str
    quantity: Quantity


class JobView(View):
    id: UUID
    order_id: UUID
    item_id: UUID | None
    kind: str
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
    phases: list[PhaseView] | None = None
    technical_sheet: str | None = None
    economics: EconomicsView | None = None


class ShipmentView(View):
    shipment_id: UUID
    state: ShipmentState
    ddt_number: str | None
    quantities: dict[UUID, Quantity]
    """By job."""


class OrderSummary(View):
    id: UUID
    number: str
    brief_id: UUID | None
    title: str
    state: OrderState
    deadline: date
    confirmed_at: datetime
    version: int
    customer: str | None = None


class OrderView(View):
    id: UUID
    number: str
    brief_id: UUID | None
    title: str
    state: OrderState
    deadline: date
    confirmed_at: datetime
    started_at: datetime | None
    ready_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    cancellation_reason: str | None
    version: int
    jobs: list[JobView]
    customer: OrderCustomerView | None = None
    shipments: list[ShipmentView] | None = None


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
    technical_sheet: str
    deadline: date
    state: PhaseState
    attempt: int
    started_at: datetime | None
    completed_at: datetime | None
    completed_quantity: Quantity | None
    note: str
    rejected_attempts: list[RejectedAttemptView]


def kind_view(kind: Kind) -> KindView:
    return KindView(
        key=kind.key,
        name=kind.name,
        phases=[
            PhaseOfKindView(
                key=phase.key,
                name=phase.name,
                after=list(phase.after),
                quality_check=phase.quality_check,
                skippable=phase.skippable,
            )
            for phase in kind.phases
        ],
        tolerance_percent=kind.tolerance_percent,
        version=kind.version,
    )


def customer_view(customer: Customer) -> CustomerView:
    return CustomerView(
        code=customer.code,
        payment_method=customer.payment_method,
        payment_terms=customer.payment_terms,
        **{name: value for name, value in customer.legal.items() if name in CustomerView.model_fields},
    )


def order_summary(order: Order, *, with_customer: bool) -> OrderSummary:
    hidden: dict[str, Any] = {"customer": order.customer} if with_customer else {}
    return OrderSummary(
        id=order.id,
        number=order.number,
        brief_id=order.brief_id,
        title=order.title,
        state=order.state,
        deadline=order.deadline,
        confirmed_at=order.confirmed_at,
        version=order.version,
        **hidden,
    )


def order_view(seen: SeenOrder, *, with_customer: bool) -> OrderView:
    order = seen.order
    hidden: dict[str, Any] = {}
    if with_customer:
        hidden["customer"] = _order_customer(order, seen.customer)
    if seen.shipments is not None:
        hidden["shipments"] = [
            ShipmentView(
                shipment_id=shipment.id,
                state=shipment.state,
                ddt_number=shipment.ddt_number,
                quantities={job_id: _text(quantity) for job_id, quantity in shipment.quantities.items()},
            )
            for shipment in seen.shipments
        ]
    return OrderView(
        id=order.id,
        number=order.number,
        brief_id=order.brief_id,
        title=order.title,
        state=order.state,
        deadline=order.deadline,
        confirmed_at=order.confirmed_at,
        started_at=order.started_at,
        ready_at=order.ready_at,
        delivered_at=order.delivered_at,
        cancelled_at=order.cancelled_at,
        cancellation_reason=order.cancellation_reason,
        version=order.version,
        jobs=[job_view(job) for job in seen.jobs],
        **hidden,
    )


def _order_customer(order: Order, known: Customer | None) -> OrderCustomerView | None:
    if order.customer is None:
        return None
    if known is None:
        return OrderCustomerView(code=order.customer)
    return OrderCustomerView(
        code=known.code,
        name=known.legal["name"],
        payment_method=known.payment_method,
        payment_terms=known.payment_terms,
    )


def job_view(seen: SeenJob) -> JobView:
    job = seen.job
    hidden: dict[str, Any] = {}
    if seen.phases is not None:
        hidden["phases"] = [phase_view(phase) for phase in seen.phases]
    if seen.technical_sheet is not None:
        hidden["technical_sheet"] = seen.technical_sheet
    if seen.economics is not None:
        hidden["economics"] = economics_view(seen.economics, job.item.quantity)
    return JobView(
        id=job.id,
        order_id=job.order_id,
        item_id=job.item.item_id,
        kind=job.item.kind,
        description=job.item.description,
        quantity=_text(job.item.quantity),
        unit=job.item.unit,
        deliveries=[
            DeliveryView(destination=d.destination, quantity=_text(d.quantity)) for d in job.item.deliveries
        ],
        state=job.state,
        blocked_reason=job.blocked_reason,
        started_at=job.started_at,
        produced=_text_or_none(job.produced),
        closed_because=job.closed_because,
        shipped=_text(seen.progress.shipped),
        delivered=_text(seen.progress.delivered),
        tolerance_percent=job.tolerance_percent,
        version=job.version,
        **hidden,
    )


def economics_view(economics: Economics, quantity: Decimal) -> EconomicsView:
    return EconomicsView(
        cost=economics.cost,
        unit_price=economics.unit_price,
        price=price(economics, quantity),
        margin=str(margin(economics, quantity)),
        supplier=economics.supplier,
        materials=economics.materials,
        technical_sheet=economics.technical_sheet,
        vat_code=economics.vat_code,
    )


def phase_view(seen: SeenPhase) -> PhaseView:
    phase = seen.phase
    return PhaseView(
        id=phase.id,
        key=phase.key,
        name=phase.name,
        after=list(phase.after),
        quality_check=phase.quality_check,
        skippable=phase.skippable,
        state=phase.state,
        assignee=PersonView(id=phase.assignee_id, name=seen.assignee_name) if phase.assignee_id else None,
        attempt=phase.attempt,
        started_at=phase.started_at,
        completed_at=phase.completed_at,
        quantity=_text_or_none(phase.quantity),
        note=phase.note,
        rejected_attempts=[_rejected(each) for each in seen.rejected],
    )


def task_view(seen: SeenTask) -> TaskView:
    task = seen.task
    least, most = quantity_bounds(task.quantity, task.tolerance_percent)
    return TaskView(
        id=task.phase_id,
        phase=task.phase,
        description=task.description,
        quantity=_text(task.quantity),
        least=_text(least),
        most=_text(most),
        unit=task.unit,
        technical_sheet=task.technical_sheet,
        deadline=task.deadline,
        state=task.state,
        attempt=task.attempt,
        started_at=task.started_at,
        completed_at=task.completed_at,
        completed_quantity=_text_or_none(task.completed_quantity),
        note=task.note,
        rejected_attempts=[_rejected(each) for each in seen.rejected],
    )


def _rejected(attempt: RejectedAttempt) -> RejectedAttemptView:
    return RejectedAttemptView(
        attempt=attempt.attempt,
        quantity=_text(attempt.quantity),
        note=attempt.note,
        completed_at=attempt.completed_at,
        rejected_at=attempt.rejected_at,
        reason=attempt.reason,
    )


def _text(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _text_or_none(quantity: Decimal | None) -> str | None:
    return None if quantity is None else _text(quantity)
