"""What the use cases need of their surroundings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from optima_kit.ports import Directory, Outbox, Person

from ..domain.amendments import Amendment
from ..domain.changes import OrderChange
from ..domain.economics import Economics, PricePolicy
from ..domain.job import Job, Phase, RejectedAttempt, awaits_others, least_to_complete
from ..domain.kinds import Kind
from ..domain.machine import JobState, OrderState, PhaseState
from ..domain.order import FullOrder, Order
from ..domain.outside import CameBack
from ..domain.plan import Lateness, Schedule
from ..domain.sheets import SheetEntry
from ..domain.shipments import Shipment


class Kinds(Protocol):
    async def list_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        """Those of the kinds that the tenant has defined, by key."""

    async def lock_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        """As `list_named`, and no kind is defined until this transaction ends."""

    async def lock_kind(self, key: str) -> Kind | None:
        """The kind, nobody else changing any kind, nor using `lock_named`, until this ends."""

    def upsert_kind(self, kind: Kind) -> None: ...

    async def list_kinds(self, after: str | None, limit: int) -> list[Kind]:
        """Kinds by key, beginning after `after`."""


class Orders(Protocol):
    async def get_or_create_brief(self, brief_id: UUID) -> KnownBrief:
        """What is known of the brief, locked: whoever else asks for it waits until this transaction ends."""

    def update_brief_cancelled(self, brief_id: UUID, reason: str) -> None:
        """Of a brief that `get_or_create_brief` returned; the first reason stays."""

    def update_brief_going_on(self, brief_id: UUID) -> None:
        """The brief's cancellation is void."""

    def upsert_proof(
        self, brief_id: UUID, proof_id: UUID, version: int, sequence: int, *, approved: bool
    ) -> None:
        """Whether a version of a brief's proof is approved. The newest version counts, and of what was told
        of it the last."""

    async def find_brief_cancellation(self, brief_id: UUID) -> str | None:
        """Why the brief was cancelled; None when it was not."""

    async def next_order_number(self, year: int) -> int:
        """The tenant's next order number of the year, from 1 on."""

    def insert_order(self, order: Order, jobs: Sequence[Job]) -> None: ...

    async def lock_order(self, order_id: UUID) -> FullOrder | None:
        """The order with all its jobs; nobody else changes it until this transaction ends.

        Every change of an order, its jobs or its phases begins with this lock or one of the three below.
        """

    async def lock_order_of_job(self, job_id: UUID) -> FullOrder | None:
        """The job's order, with all its jobs."""

    async def lock_phase(self, phase_id: UUID) -> LockedPhase | None: ...

    async def lock_order_of_shipment(self, shipment: Shipment) -> OrderOfShipment | None: ...

    async def list_orders_blocked(self, kind: str) -> list[UUID]:
        """Orders with jobs that wait for the kind to be defined."""

    async def list_orders_of_phases(self, phase_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """The order of each of these phases that there is."""

    async def list_orders_with_work_of(self, person_id: UUID) -> list[UUID]:
        """Orders with phases that the person has still to begin or to complete."""

    def update_order(self, before: FullOrder, after: FullOrder) -> None:
        """Writes the differences between the two."""

    def update_terms(self, before: FullOrder, after: FullOrder) -> None:
        """Deadline, quantities, destinations and planned days, where they differ between the two."""

    def insert_change(self, change: OrderChange) -> None: ...

    def insert_economics_entry(self, entry: EconomicsEntry) -> None: ...

    async def list_economics_entries(
        self, job_id: UUID, before: int | None, limit: int
    ) -> list[tuple[int, EconomicsEntry]]:
        """Of a job, the newest first, each with its place in the history."""

    def insert_rejected_attempt(self, attempt: RejectedAttempt) -> None: ...

    async def insert_awaited_shipments(self, order_id: UUID, shipment_ids: Sequence[UUID]) -> bool:
        """Counts these shipments as on their way until more is known of them. Returns whether goods of
        any are out."""

    def upsert_shipment(self, shipment: Shipment, *, newest: bool) -> None:
        """Stores the shipment. `newest`: whether no later event about it was handled; otherwise, only its
        document's number is stored."""

    def upsert_sent_outside(
        self, phase_id: UUID, shipment_id: UUID, sequence: int, quantity: Decimal
    ) -> None:
        """How much of the phase's goods a shipment has taken outside; the newest word counts."""

    def insert_back_from_outside(self, phase_id: UUID, return_id: UUID, back: CameBack) -> None:
        """What came back by a return. A repeated one changes nothing."""


class Prices(Protocol):
    def insert_approved(self, unit_prices: Mapping[UUID, Decimal]) -> None:
        """By item. What is known of an item stays."""

    def update_approved(self, item_id: UUID, unit_price: Decimal) -> None:
        """What was approved anew for the item."""

    async def list_approved(self, item_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
        """Those of these items that were approved with a price, with it."""

    async def find_policy(self) -> PricePolicy:
        """`STRICT` until the tenant has one of its own."""

    async def lock_policy(self) -> PricePolicy:
        """As `find_policy`; nobody else changes it until this transaction ends."""

    def update_policy(self, policy: PricePolicy) -> None: ...

    def insert_amendment(self, amendment: Amendment) -> None: ...

    def update_amendment(self, amendment: Amendment) -> None: ...

    async def find_amendment(self, amendment_id: UUID) -> Amendment | None: ...

    async def list_amendments(self, job_ids: Sequence[UUID]) -> list[Amendment]:
        """Of these jobs, the newest first."""


class Articles(Protocol):
    """The own copy of the warehouse's catalogue."""

    def upsert_article(self, article: Article) -> None: ...

    async def list_named(self, codes: Sequence[str]) -> dict[str, Article]:
        """Those of these that there are, by code."""


class Destinations(Protocol):
    """The own copy of what the warehouse's destinations are called."""

    def upsert_destination(self, code: str, *, name: str, city: str) -> None: ...

    async def names(self, codes: Iterable[str]) -> Mapping[str, str]:
        """With their towns, by code; those that nothing was told of are left out."""


class Messages(Protocol):
    """What the assignee of a phase and those who give out the work write to each other."""

    def insert_message(self, message: Message, file: MessageFile | None) -> None: ...

    def move_messages(self, phase_id: UUID, to: UUID) -> None:
        """Those of a phase to another one; each stays with whose the phase was then."""

    async def has_phase(self, phase_id: UUID) -> bool: ...

    async def list_messages(
        self, phase_id: UUID, assignee_id: UUID | None, *, before: UUID | None, limit: int
    ) -> list[Message]:
        """Newest first; of the time when the phase was that assignee's, where one is named."""

    async def find_file(
        self, phase_id: UUID, message_id: UUID, assignee_id: UUID | None
    ) -> MessageFile | None: ...


class Customers(Protocol):
    def upsert_customer(self, customer: Customer) -> None: ...

    async def find_customer(self, code: str) -> Customer | None: ...

    async def list_customers(self, after: str | None, limit: int) -> list[Customer]:
        """Customers by code, beginning after `after`."""


class Reading(Protocol):
    async def find_order(self, order_id: UUID) -> ReadOrder | None: ...

    async def find_order_of_job(self, job_id: UUID) -> ReadOrder | None:
        """Of its jobs, only this one is there."""

    async def list_orders(self, wanted: OrderFilter, before: UUID | None, limit: int) -> list[ListedOrder]:
        """Newest first, beginning before `before`."""

    async def list_tasks(
        self, assignee_id: UUID, states: Iterable[PhaseState], after: tuple[date, UUID] | None, limit: int
    ) -> list[Task]:
        """A person's own phases, nearest deadline first."""

    async def find_task(self, phase_id: UUID, assignee_id: UUID) -> Task | None:
        """None for a phase that is not, or no longer, that person's task."""

    async def list_board(
        self, wanted: BoardFilter, today: date, after: tuple[date, UUID] | None, limit: int
    ) -> list[BoardRow]:
        """Phases of all orders that are not over, soonest due first. `today` tells what is late."""

    async def list_assignees(
        self, built_in_roles: Sequence[str], today: date, after: tuple[str, UUID] | None, limit: int
    ) -> list[AssigneeLoad]:
        """Active people who may work on phases, by name: through these roles or the tenant's own."""

    async def list_work_figures(
        self, by: str, since: datetime, until: datetime, limit: int
    ) -> list[WorkFigures]:
        """What was completed, and refused, from `since` on and before `until`: months in their order,
        otherwise the most first. `by`: kind, phase, assignee or month."""

    async def list_order_figures(
        self, by: str, since: datetime, until: datetime, limit: int
    ) -> list[OrderFigures]:
        """As above, of the lines of orders that became ready. `by`: kind, customer or month."""

    async def list_load(self, by: str, today: date, until: date, limit: int) -> list[Load]:
        """What is still to be done before `until`. `by`: week, assignee or kind."""

    async def list_rejected(self, phase_ids: Sequence[UUID]) -> list[RejectedAttempt]:
        """What quality refused of these phases, oldest first."""


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
    """Those of an order's assignees of whom the directory has told, by their ids."""

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
    """A phase with its job and order, of which no other job is there."""

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
        """The phase after its job has changed; `assignees`: whom it was given to."""
        told = {person.id: Assignee(person.name, person.active) for person in assignees}
        known = Assignees({**self.assignees.known, **told})
        return LockedPhase(self.order.with_jobs(job), self.phase_id, known)


@dataclass(frozen=True, slots=True)
class EconomicsEntry:
    """What the economics of a job were set to."""

    job_id: UUID
    set_at: datetime
    set_by: UUID | None
    """None: nobody who is known, as by an approval that ran out of time, or by what a phase has yielded."""
    economics: Economics


@dataclass(frozen=True, slots=True)
class OrderOfShipment:
    """A shipment's order, without its jobs, as it would be without that shipment."""

    order: FullOrder
    known_sequence: int
    """Of the newest word about the shipment; 0 before the first."""
    other_goods_out: bool
    """Whether goods are out in another shipment."""


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """An order with all that any reader may see of it."""

    full: FullOrder
    customer: Customer | None
    """None when there is none, or the ERP has not told of it."""
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
    """What is kept in stock under this code."""

    id: UUID
    code: str
    description: str
    unit: str


@dataclass(frozen=True, slots=True)
class Message:
    id: UUID
    phase_id: UUID
    assignee_id: UUID
    """Whose the phase was."""
    author_id: UUID
    text: str
    """Empty where a file was sent."""
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
    """Words of the number or the title, the last one perhaps a beginning."""


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
    """A phase among those of all orders."""

    phase: Phase
    job_id: UUID
    order_id: UUID
    order_number: str
    title: str
    description: str
    quantity: Decimal
    """Of the job, in its unit."""
    unit: str
    due: date
    """The last day that is planned or, in phases that are older than plans, the order's deadline."""
    lateness: Lateness
    assignee: Assignee | None
    job_state: JobState
    order_state: OrderState

    @property
    def assignee_has_left(self) -> bool:
        return self.phase.assignee_id is not None and not (self.assignee and self.assignee.active)


@dataclass(frozen=True, slots=True)
class AssigneeLoad:
    """Somebody whom phases may be given to, and what they have to do already."""

    id: UUID
    name: str
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """What figures are about: the parts that they are grouped by."""

    kind: str | None = None
    phase: str | None = None
    assignee_id: UUID | None = None
    assignee_name: str | None = None
    customer: str | None = None
    month: str | None = None
    """As in 2026-11."""
    week: date | None = None
    """Its Monday."""


@dataclass(frozen=True, slots=True)
class WorkFigures:
    group: FigureGroup
    completed: int
    """Phases."""
    on_time: int
    """Those of them that ended by their last planned day."""
    rejected: int
    """Times that quality refused work."""
    days: Decimal | None
    """From start to completion, on average; None where nothing was completed."""


@dataclass(frozen=True, slots=True)
class OrderFigures:
    group: FigureGroup
    lines: int
    on_time: int
    """Those that were ready by the deadline of their order."""
    days: Decimal | None
    """From confirmation until their order was ready, on average."""
    valued: int
    """Those that have cost and price."""
    cost: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Load:
    group: FigureGroup
    phases: int
    late: int


@dataclass(frozen=True, slots=True)
class Task:
    """A phase as its assignee sees it: what is to be done, and nothing about for whom or at what price."""

    phase: Phase
    description: str
    quantity: Decimal
    """As ordered."""
    unit: str
    tolerance_percent: Decimal
    technical_sheet: str
    sheet: tuple[SheetEntry, ...]
    deadline: date
    job_state: JobState
    order_state: OrderState
    awaits_others: bool
    """Phases before it are not over: begun on parts, it ends after them."""
    least: Decimal
    """That it may be completed with."""
