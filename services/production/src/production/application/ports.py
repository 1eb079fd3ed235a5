"""What the use cases need of their surroundings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from optima_kit.ports import Outbox

from ..domain.job import Job, Phase, RejectedAttempt
from ..domain.kinds import Kind
from ..domain.machine import OrderState, PhaseState
from ..domain.order import FullOrder, Order
from ..domain.people import Person
from ..domain.shipments import Shipment


class Kinds(Protocol):
    async def named(self, keys: Sequence[str]) -> dict[str, Kind]:
        """Those of the kinds that the tenant has defined, by key."""

    async def named_or_awaited(self, keys: Sequence[str]) -> dict[str, Kind]:
        """As `named`, and no kind is defined until this transaction ends."""

    async def lock(self, key: str) -> Kind | None:
        """The kind, nobody else changing any kind, nor using `named_or_awaited`, until this ends."""

    def save(self, kind: Kind) -> None: ...

    async def page(self, after: str | None, limit: int) -> list[Kind]:
        """Kinds by key, beginning after `after`."""


class Orders(Protocol):
    async def meet_brief(self, brief_id: UUID) -> MetBrief:
        """What is known of the brief; whoever else meets it waits until this transaction ends."""

    def remember_cancelled_brief(self, brief_id: UUID, reason: str) -> None:
        """Of a brief that was met."""

    def forget_cancelled_brief(self, brief_id: UUID) -> None: ...

    async def reason_of_cancelled_brief(self, brief_id: UUID) -> str | None:
        """Why the brief was cancelled; None when it was not."""

    async def next_progressive(self, year: int) -> int:
        """The tenant's next order number of the year, from 1 on."""

    def add(self, order: Order, jobs: Sequence[Job]) -> None: ...

    async def lock(self, order_id: UUID) -> FullOrder | None:
        """The order with all its jobs, to be changed by nobody else until this ends.

        Every change of an order, its jobs or its phases begins here or in the three below.
        """

    async def lock_of_job(self, job_id: UUID) -> FullOrder | None:
        """The job's order, with all its jobs."""

    async def lock_with_phase(self, phase_id: UUID) -> LockedPhase | None: ...

    async def lock_beside(self, shipment: Shipment) -> OrderBeside | None: ...

    async def blocked(self, kind: str) -> list[UUID]:
        """Orders with jobs that wait for the kind to be defined."""

    async def with_work_of(self, person_id: UUID) -> list[UUID]:
        """Orders with phases that the person has still to begin or to complete."""

    def save(self, before: FullOrder, after: FullOrder) -> None:
        """Writes what differs."""

    def keep_rejected(self, attempt: RejectedAttempt) -> None: ...

    async def await_departures(self, order_id: UUID, shipment_ids: Sequence[UUID]) -> bool:
        """Logistics said that their goods are out. Whether those of any are, as far as is known by now."""

    def save_shipment(self, shipment: Shipment, *, newest: bool) -> None:
        """Keeps the shipment as it now stands; where a newer state is known, its document's number alone."""


class Directory(Protocol):
    async def person(self, person_id: UUID) -> Person | None: ...

    def save_person(self, person: Person) -> None: ...

    def save_role(self, role_id: UUID, key: str, privileges: Sequence[str]) -> None: ...


class Customers(Protocol):
    def save(self, customer: Customer) -> None: ...

    async def get(self, code: str) -> Customer | None: ...

    async def page(self, after: str | None, limit: int) -> list[Customer]:
        """Customers by code, beginning after `after`."""


class Reading(Protocol):
    async def order(self, order_id: UUID) -> OrderPicture | None: ...

    async def order_of_job(self, job_id: UUID) -> OrderPicture | None: ...

    async def orders(self, wanted: OrderFilter, before: UUID | None, limit: int) -> list[Order]:
        """The newest first, beginning before `before`."""

    async def tasks(
        self, assignee_id: UUID, states: Sequence[PhaseState], after: tuple[date, UUID] | None, limit: int
    ) -> list[Task]:
        """A person's own phases, those of the nearest deadline first."""

    async def task(self, phase_id: UUID, assignee_id: UUID) -> Task | None: ...

    async def refused(self, phase_ids: Sequence[UUID]) -> list[RejectedAttempt]:
        """What quality refused of these phases, oldest first."""

    async def shipments(self, order_id: UUID) -> list[Shipment]: ...


@dataclass(frozen=True, slots=True)
class Ports:
    kinds: Kinds
    orders: Orders
    directory: Directory
    customers: Customers
    reading: Reading
    outbox: Outbox
    now: datetime


@dataclass(frozen=True, slots=True)
class Assignee:
    id: UUID
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class LockedPhase:
    """A phase with its job and order, of which no other job is there."""

    order: FullOrder
    phase_id: UUID
    assignees: Mapping[UUID, Assignee]
    """Those of the job's phases of whom the directory has told."""

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
        known = self.assignees.get(self.phase.assignee_id) if self.phase.assignee_id else None
        return self.phase.assignee_id is not None and not (known and known.active)

    def now(self, job: Job, *assignees: Assignee) -> LockedPhase:
        """The phase after its job has changed."""
        known = {**self.assignees, **{person.id: person for person in assignees}}
        return LockedPhase(self.order.with_jobs(job), self.phase_id, known)


@dataclass(frozen=True, slots=True)
class OrderBeside:
    """A shipment's order, without its jobs, as it would be without that shipment."""

    order: FullOrder
    known_sequence: int
    """Of the newest word about the shipment; 0 before the first."""
    others_out: bool
    """Whether goods are out in another shipment."""


@dataclass(frozen=True, slots=True)
class OrderPicture:
    """An order as its readers see it."""

    order: FullOrder
    customer: Customer | None
    """None when there is none, or the ERP has not told of it."""
    assignees: Mapping[UUID, Assignee]


@dataclass(frozen=True, slots=True)
class MetBrief:
    order_id: UUID | None
    cancellation_reason: str | None
    """None when it was not cancelled."""


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


@dataclass(frozen=True, slots=True)
class Task:
    """A phase as its assignee sees it: what is to be done, and nothing about for whom or at what price."""

    phase_id: UUID
    phase: str
    description: str
    quantity: Decimal
    unit: str
    tolerance_percent: Decimal
    technical_sheet: str
    deadline: date
    state: PhaseState
    attempt: int
    started_at: datetime | None
    completed_at: datetime | None
    completed_quantity: Decimal | None
    note: str
