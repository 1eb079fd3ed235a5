"""The ports that the use cases need: storage, other services' facts, the clock and the calendar."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from optima_kit.ports import Directory, Outbox, Person

from ..domain.amendments import Amendment
from ..domain.changes import OrderChange
from ..domain.economics import Economics, PricePolicy
from ..domain.job import Job, Phase, RejectedAttempt, awaits_others
from ..domain.kinds import Kind
from ..domain.machine import JobState, OrderState, PhaseState
from ..domain.order import FullOrder, Order
from ..domain.outside import CameBack
from ..domain.plan import Lateness, Schedule
from ..domain.quantities import least_to_complete
from ..domain.sheets import SheetEntry
from ..domain.shipments import Shipment


class Kinds(Protocol):
    async def list_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        """Return those of these kinds that the tenant has defined, by key."""

    async def lock_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        """As `list_named`, and nobody else can define a kind until this transaction ends."""

    async def lock_kind(self, key: str) -> Kind | None:
        """Lock a kind. Until this transaction ends nobody else can change any kind or use `lock_named`."""

    def upsert_kind(self, kind: Kind) -> None: ...

    async def list_kinds(self, after: str | None, limit: int) -> list[Kind]:
        """List kinds by key, from the first after `after`."""


class Orders(Protocol):
    async def get_or_create_brief(self, brief_id: UUID) -> KnownBrief:
        """Lock the brief and return what is known of it. Anybody else who asks for it waits until this
        transaction ends."""

    def update_brief_cancelled(self, brief_id: UUID, reason: str) -> None:
        """Cancel a brief that `get_or_create_brief` returned. The first reason stays."""

    def update_brief_going_on(self, brief_id: UUID) -> None:
        """Take back the brief's cancellation."""

    def upsert_proof(
        self, brief_id: UUID, proof_id: UUID, version: int, sequence: int, *, approved: bool
    ) -> None:
        """Record whether a version of a brief's proof is approved. Only the newest version counts, and the
        last event about it."""

    async def find_brief_cancellation(self, brief_id: UUID) -> str | None:
        """Return why the brief was cancelled, or None if it was not."""

    async def next_order_number(self, year: int) -> int:
        """Take the tenant's next order number of the year; the first is 1."""

    def insert_order(self, order: Order, jobs: Sequence[Job]) -> None: ...

    async def lock_order(self, order_id: UUID) -> FullOrder | None:
        """Lock the order and return it with all its jobs: nobody else changes it until this transaction ends.

        Every change of an order, its jobs or its phases begins with this lock or one of the three below.
        """

    async def lock_order_of_job(self, job_id: UUID) -> FullOrder | None:
        """Lock the job's order and return it with all its jobs."""

    async def lock_phase(self, phase_id: UUID) -> LockedPhase | None: ...

    async def lock_order_of_shipment(self, shipment: Shipment) -> OrderOfShipment | None: ...

    async def list_orders_blocked(self, kind: str) -> list[UUID]:
        """List the orders with jobs that wait for this kind to be defined."""

    async def list_orders_of_phases(self, phase_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Return the order of each of these phases that exists."""

    async def list_orders_with_work_of(self, person_id: UUID) -> list[UUID]:
        """List the orders with phases that the person has still to begin or to complete."""

    def update_order(self, before: FullOrder, after: FullOrder) -> None:
        """Write the differences between the two."""

    def update_terms(self, before: FullOrder, after: FullOrder) -> None:
        """Write deadline, quantities, destinations and planned days where they differ between the two."""

    def insert_change(self, change: OrderChange) -> None: ...

    def insert_economics_entry(self, entry: EconomicsEntry) -> None: ...

    async def list_economics_entries(
        self, job_id: UUID, before: int | None, limit: int
    ) -> list[tuple[int, EconomicsEntry]]:
        """List what a job's economics were set to, newest first, each entry with its position in the
        history."""

    def insert_rejected_attempt(self, attempt: RejectedAttempt) -> None: ...

    async def insert_awaited_shipments(self, order_id: UUID, shipment_ids: Sequence[UUID]) -> bool:
        """Count these shipments as on their way until more is known of them. Returns whether goods of any of
        them are out."""

    def upsert_shipment(self, shipment: Shipment, *, newest: bool) -> None:
        """Store the shipment. `newest` tells that no later event about it was handled yet; otherwise only the
        number of its document is stored."""

    def upsert_sent_outside(
        self, phase_id: UUID, shipment_id: UUID, sequence: int, quantity: Decimal
    ) -> None:
        """Record how much of the phase's goods a shipment has taken outside. The newest event counts."""

    def insert_back_from_outside(self, phase_id: UUID, return_id: UUID, back: CameBack) -> None:
        """Record what came back by a return. Repeating the call changes nothing."""


class Prices(Protocol):
    def insert_approved(self, unit_prices: Mapping[UUID, Decimal]) -> None:
        """Record the approved prices by item. Prices that are known stay."""

    def update_approved(self, item_id: UUID, unit_price: Decimal) -> None:
        """Replace the approved price of an item by one that was approved later."""

    async def list_approved(self, item_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
        """Return the approved price of each of these items that has one."""

    async def find_policy(self) -> PricePolicy:
        """Return the tenant's price policy, or `STRICT` if it has none."""

    async def lock_policy(self) -> PricePolicy:
        """As `find_policy`; nobody else changes the policy until this transaction ends."""

    def update_policy(self, policy: PricePolicy) -> None: ...

    def insert_amendment(self, amendment: Amendment) -> None: ...

    def update_amendment(self, amendment: Amendment) -> None: ...

    async def find_amendment(self, amendment_id: UUID) -> Amendment | None: ...

    async def list_amendments(self, job_ids: Sequence[UUID]) -> list[Amendment]:
        """List the amendments of these jobs, newest first."""


class Articles(Protocol):
    """This service's copy of the warehouse's catalogue."""

    def upsert_article(self, article: Article) -> None: ...

    async def list_named(self, codes: Sequence[str]) -> dict[str, Article]:
        """Return those of these articles that exist, by code."""


class Destinations(Protocol):
    """This service's copy of the names of the warehouse's destinations."""

    def upsert_destination(self, code: str, *, name: str, city: str) -> None: ...

    async def names(self, codes: Iterable[str]) -> Mapping[str, str]:
        """Return names with towns, by code. Destinations that are not known yet are left out."""


class Messages(Protocol):
    """Messages between the assignee of a phase and the people who give out the work."""

    def insert_message(self, message: Message, file: MessageFile | None) -> None: ...

    def move_messages(self, phase_id: UUID, to: UUID) -> None:
        """Move a phase's messages to another phase. Each keeps the assignee that the phase had when it was
        written."""

    async def has_phase(self, phase_id: UUID) -> bool: ...

    async def list_messages(
        self, phase_id: UUID, assignee_id: UUID | None, *, before: UUID | None, limit: int
    ) -> list[Message]:
        """List messages, newest first; if an assignee is named, only those from when the phase was theirs."""

    async def find_file(
        self, phase_id: UUID, message_id: UUID, assignee_id: UUID | None
    ) -> MessageFile | None: ...


class Customers(Protocol):
    def upsert_customer(self, customer: Customer) -> None: ...

    async def find_customer(self, code: str) -> Customer | None: ...

    async def list_customers(self, after: str | None, limit: int) -> list[Customer]:
        """List customers by code, from the first after `after`."""


class Reading(Protocol):
    async def find_order(self, order_id: UUID) -> ReadOrder | None: ...

    async def find_order_of_job(self, job_id: UUID) -> ReadOrder | None:
        """Return the job's order with this job only."""

    async def list_orders(self, wanted: OrderFilter, before: UUID | None, limit: int) -> list[ListedOrder]:
        """List orders older than `before`, newest first."""

    async def list_tasks(
        self, assignee_id: UUID, states: Collection[PhaseState], after: tuple[date, UUID] | None, limit: int
    ) -> list[Task]:
        """List a person's own phases, nearest deadline first. `states` are those of open tasks, or DONE
        alone."""

    async def find_task(self, phase_id: UUID, assignee_id: UUID) -> Task | None:
        """Return None if the phase is not, or no longer, this person's task."""

    async def list_board(
        self, wanted: BoardFilter, today: date, after: tuple[date, UUID] | None, limit: int
    ) -> list[BoardRow]:
        """List the phases that are not over of all orders, the soonest due first. `today` decides what is
        late."""

    async def list_assignees(
        self, built_in_roles: Sequence[str], today: date, after: tuple[str, UUID] | None, limit: int
    ) -> list[AssigneeLoad]:
        """List active people who may work on phases, by name: through these roles or the tenant's own."""

    async def list_work_figures(
        self, by: str, since: datetime, until: datetime, limit: int
    ) -> list[WorkFigures]:
        """Return figures of what was completed or refused from `since` on and before `until`. Months come in
        their order, other groups the largest first. `by` is kind, phase, assignee or month."""

    async def list_order_figures(
        self, by: str, since: datetime, until: datetime, limit: int
    ) -> list[OrderFigures]:
        """Return figures of order lines that became ready in the same kind of period. `by` is kind, customer
        or month."""

    async def list_load(self, by: str, today: date, until: date, limit: int) -> list[Load]:
        """Return figures of what is still to be done before `until`. `by` is week, assignee or kind."""

    async def list_rejected(self, phase_ids: Sequence[UUID]) -> list[RejectedAttempt]:
        """List the attempts of these phases that quality refused, oldest first."""


@dataclass(frozen=True, slots=True)
class Ports:
    kinds: Kinds
    orders: Orders
    prices: Prices
    articles: Articles
    destinations: Destinations
    messages: Messages
    directory: Directory
    customers: Customers
    reading: Reading
    outbox: Outbox
    is_working_day: Callable[[date], bool]
    now: datetime

    def schedule(self, deadline: date) -> Schedule:
        return Schedule(deadline, self.is_working_day)


@dataclass(frozen=True, slots=True)
class Assignee:
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Assignees:
    """The assignees of an order that the directory knows, by id."""

    known: Mapping[UUID, Assignee]

    def name_of(self, phase: Phase) -> str | None:
        known = self.known.get(phase.assignee_id) if phase.assignee_id else None
        return known.name if known else None

    def has_left(self, phase: Phase) -> bool:
        """Whether the phase's assignee is no longer active."""
        known = self.known.get(phase.assignee_id) if phase.assignee_id else None
        return phase.assignee_id is not None and not (known and known.active)


@dataclass(frozen=True, slots=True)
class LockedPhase:
    """A phase with its job and order. The order contains no other job."""

    order: FullOrder
    phase_id: UUID
    assignees: Assignees

    @property
    def order_state(self) -> OrderState:
        return self.order.order.state

    @property
    def job(self) -> Job:
        return self.order.jobs[0]

    @property
    def phase(self) -> Phase:
        return self.job.phase(self.phase_id)

    @property
    def assignee_has_left(self) -> bool:
        return self.assignees.has_left(self.phase)

    @property
    def task(self) -> Task:
        """The phase as its assignee sees it."""
        return Task(
            phase=self.phase,
            description=self.job.item.description,
            quantity=self.job.item.quantity,
            unit=self.job.item.unit,
            tolerance_percent=self.job.tolerance_percent,
            technical_sheet=self.job.economics.technical_sheet if self.job.economics else "",
            sheet=self.job.economics.sheet if self.job.economics else (),
            deadline=self.order.order.deadline,
            job_state=self.job.state,
            order_state=self.order_state,
            awaits_others=awaits_others(self.job, self.phase),
            least=least_to_complete(self.job, self.phase),
        )

    def with_job(self, job: Job, *assignees: Person) -> LockedPhase:
        """Return the phase after its job has changed. `assignees` are the people whom it was given to."""
        told = {person.id: Assignee(person.name, person.active) for person in assignees}
        known = Assignees({**self.assignees.known, **told})
        return LockedPhase(self.order.with_jobs(job), self.phase_id, known)


@dataclass(frozen=True, slots=True)
class EconomicsEntry:
    """An entry in the history of a job's economics."""

    job_id: UUID
    set_at: datetime
    set_by: UUID | None
    """None if no person is known, as when an approval ran out of time or a phase's yield changed the cost."""
    economics: Economics


@dataclass(frozen=True, slots=True)
class OrderOfShipment:
    """The order of a shipment, without its jobs, as it would be without that shipment."""

    order: FullOrder
    known_sequence: int
    """The sequence of the newest event about the shipment; 0 before the first."""
    other_goods_out: bool
    """Whether goods are out in another shipment."""


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """An order with everything that any reader may see of it."""

    full: FullOrder
    customer: Customer | None
    """None if the order has no customer, or the ERP has not sent this one."""
    assignees: Assignees
    shipments: Sequence[Shipment] = ()
    changes: Sequence[OrderChange] = ()
    """The newest first."""


@dataclass(frozen=True, slots=True)
class ListedOrder:
    order: Order
    customer: Customer | None
    """As in `ReadOrder`."""


@dataclass(frozen=True, slots=True)
class KnownBrief:
    order_id: UUID | None
    cancellation_reason: str | None
    """None when it was not cancelled."""


@dataclass(frozen=True, slots=True)
class Article:
    """Goods that are kept in stock under a code."""

    id: UUID
    code: str
    description: str
    unit: str

    def is_counted_in(self, unit: str) -> bool:
        """However it is written: ERPs send PZ."""
        return unit.casefold() == self.unit.casefold()


@dataclass(frozen=True, slots=True)
class Message:
    id: UUID
    phase_id: UUID
    assignee_id: UUID
    """The assignee of the phase when the message was written."""
    author_id: UUID
    text: str
    """Empty if the message is only a file."""
    problem: bool
    """Whether the assignee can't go on, or not as planned."""
    written_at: datetime
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class MessageFile:
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the ERP has it."""

    id: UUID
    code: str
    legal: dict[str, str | None]
    """Name, identifiers and address, as `LegalIdentity` names them."""
    payment_method: str | None
    payment_terms: str | None
    connection: str


@dataclass(frozen=True, slots=True)
class OrderFilter:
    state: OrderState | None = None
    customer: str | None = None
    brief_id: UUID | None = None
    number: str | None = None
    text: str | None = None
    """Words of the number or the title; the last one may be incomplete."""


@dataclass(frozen=True, slots=True)
class BoardFilter:
    state: PhaseState | None = None
    assignee_id: UUID | None = None
    unassigned: bool = False
    lateness: Lateness | None = None
    since: date | None = None
    until: date | None = None
    """With `since`: planned for any day of these."""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A phase on the board of all orders."""

    phase: Phase
    job_id: UUID
    order_id: UUID
    order_number: str
    title: str
    description: str
    quantity: Decimal
    """The job's quantity, in its unit."""
    unit: str
    due: date
    """The last planned day or, for phases older than plans, the order's deadline."""
    lateness: Lateness
    assignee: Assignee | None
    job_state: JobState
    order_state: OrderState

    @property
    def assignee_has_left(self) -> bool:
        return self.phase.assignee_id is not None and not (self.assignee and self.assignee.active)


@dataclass(frozen=True, slots=True)
class AssigneeLoad:
    """A person whom phases may be given to, and how much work they have."""

    id: UUID
    name: str
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """The group that figures are about. Only the parts that the figures are grouped by are set."""

    kind: str | None = None
    phase: str | None = None
    assignee_id: UUID | None = None
    assignee_name: str | None = None
    customer: str | None = None
    month: str | None = None
    """Such as 2026-11."""
    week: date | None = None
    """The week's Monday."""


@dataclass(frozen=True, slots=True)
class WorkFigures:
    group: FigureGroup
    completed: int
    """The number of phases."""
    on_time: int
    """How many of them ended by their last planned day."""
    rejected: int
    """How many times quality refused work."""
    days: Decimal | None
    """The average from start to completion; None if nothing was completed."""


@dataclass(frozen=True, slots=True)
class OrderFigures:
    group: FigureGroup
    lines: int
    on_time: int
    """How many were ready by the deadline of their order."""
    days: Decimal | None
    """The average from the confirmation until the order was ready."""
    valued: int
    """How many have a cost and a price."""
    cost: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Load:
    group: FigureGroup
    phases: int
    late: int


@dataclass(frozen=True, slots=True)
class Task:
    """A phase as its assignee sees it: what is to be done, but not for whom or at what price."""

    phase: Phase
    description: str
    quantity: Decimal
    """The ordered quantity."""
    unit: str
    tolerance_percent: Decimal
    technical_sheet: str
    sheet: tuple[SheetEntry, ...]
    deadline: date
    job_state: JobState
    order_state: OrderState
    awaits_others: bool
    """Whether phases before it are not over. A phase that began on parts can end only after them."""
    least: Decimal
    """The least quantity that it may be completed with."""
