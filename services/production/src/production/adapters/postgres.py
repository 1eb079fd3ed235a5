"""Production's rows in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

from optima_kit.sql import load_queries

from ..application.ports import Customer, MetBrief, OrderFilter, Task
from ..domain.economics import Economics
from ..domain.job import Delivery, Item, Job, JobState, Phase, PhaseState, RejectedAttempt
from ..domain.kinds import Kind, PhaseDefinition
from ..domain.order import LineProgress, Order, OrderState
from ..domain.people import Person
from ..domain.shipments import Shipment, ShipmentState

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

QUERIES: Final = load_queries(__package__)
_BEYOND: Final = UUID(int=2**128 - 1)
_BEFORE: Final = (date.min, UUID(int=0))


class PostgresKinds:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def named(self, keys: Sequence[str]) -> dict[str, Kind]:
        rows = await self._connection.fetch(QUERIES.load_kinds, keys)
        return {row["key"]: _kind(row) for row in rows}

    async def named_or_awaited(self, keys: Sequence[str]) -> dict[str, Kind]:
        await self._connection.execute(QUERIES.hold_kinds)
        return await self.named(keys)

    async def lock(self, key: str) -> Kind | None:
        await self._connection.execute(QUERIES.hold_kinds_alone)
        return (await self.named([key])).get(key)

    async def save(self, kind: Kind) -> None:
        phases = [
            {
                "key": phase.key,
                "name": phase.name,
                "after": list(phase.after),
                "quality_check": phase.quality_check,
                "skippable": phase.skippable,
            }
            for phase in kind.phases
        ]
        await self._connection.execute(
            QUERIES.save_kind, kind.id, kind.key, kind.name, phases, kind.tolerance_percent, kind.version
        )

    async def page(self, after: str | None, limit: int) -> list[Kind]:
        return [_kind(row) for row in await self._connection.fetch(QUERIES.page_kinds, after or "", limit)]


class PostgresOrders:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def meet_brief(self, brief_id: UUID) -> MetBrief:
        row = await self._connection.fetchrow(QUERIES.meet_brief, brief_id)
        assert row is not None
        return MetBrief(row["order_id"], row["cancellation_reason"])

    async def remember_cancelled_brief(self, brief_id: UUID, reason: str) -> None:
        await self._connection.execute(QUERIES.remember_cancelled_brief, brief_id, reason)

    async def reason_of_cancelled_brief(self, brief_id: UUID) -> str | None:
        reason: str | None = await self._connection.fetchval(QUERIES.find_cancelled_brief, brief_id)
        return reason

    async def next_progressive(self, year: int) -> int:
        progressive: int = await self._connection.fetchval(QUERIES.take_order_number, year)
        return progressive

    async def add(self, order: Order, jobs: Sequence[Job]) -> None:
        await self._connection.execute(
            QUERIES.add_order,
            order.id,
            order.number,
            order.brief_id,
            order.title,
            order.customer,
            order.deadline,
            order.state,
            order.confirmed_at,
            order.version,
            [job.id for job in jobs],
            [job.position for job in jobs],
            [job.item.item_id for job in jobs],
            [job.item.kind for job in jobs],
            [job.item.description for job in jobs],
            [job.item.quantity for job in jobs],
            [job.item.unit for job in jobs],
            [_deliveries(job.item) for job in jobs],
            [job.tolerance_percent for job in jobs],
            [job.state for job in jobs],
            [job.blocked_reason for job in jobs],
            [job.version for job in jobs],
        )
        await self._add_phases(order.id, jobs)

    async def _add_phases(self, order_id: UUID, jobs: Sequence[Job]) -> None:
        phases = [(job.id, position, phase) for job in jobs for position, phase in enumerate(job.phases)]
        if not phases:
            return
        await self._connection.execute(
            QUERIES.add_phases,
            order_id,
            [job_id for job_id, _, _ in phases],
            [position for _, position, _ in phases],
            [phase.id for _, _, phase in phases],
            [phase.key for _, _, phase in phases],
            [phase.name for _, _, phase in phases],
            [",".join(phase.after) for _, _, phase in phases],
            [phase.quality_check for _, _, phase in phases],
            [phase.skippable for _, _, phase in phases],
            [phase.state for _, _, phase in phases],
        )

    async def lock(self, order_id: UUID) -> Order | None:
        row = await self._connection.fetchrow(QUERIES.lock_order, order_id)
        return _order(row) if row else None

    async def lock_of_job(self, job_id: UUID) -> Order | None:
        row = await self._connection.fetchrow(QUERIES.lock_order_of_job, job_id)
        return _order(row) if row else None

    async def lock_with_phase(self, phase_id: UUID) -> tuple[Order, Job] | None:
        row = await self._connection.fetchrow(QUERIES.lock_order_of_phase, phase_id)
        if row is None:
            return None
        job = await self.job(row["job_id"])
        assert job is not None
        return _order(row), job

    async def get(self, order_id: UUID) -> Order | None:
        row = await self._connection.fetchrow(QUERIES.get_order, order_id)
        return _order(row) if row else None

    async def jobs(self, order_id: UUID) -> list[Job]:
        return _jobs(await self._connection.fetch(QUERIES.load_jobs_of_order, order_id))

    async def job(self, job_id: UUID) -> Job | None:
        return next(iter(_jobs(await self._connection.fetch(QUERIES.load_job, job_id))), None)

    async def progress(self, order_id: UUID) -> list[LineProgress]:
        return [
            LineProgress(
                JobState(row["state"]),
                ordered=row["quantity"],
                produced=row["produced"],
                shipped=row["shipped"],
                delivered=row["delivered"],
            )
            for row in await self._connection.fetch(QUERIES.sum_progress, order_id)
        ]

    async def with_work_of(self, person_id: UUID) -> list[UUID]:
        rows = await self._connection.fetch(QUERIES.find_orders_with_work_of, person_id)
        return [row["order_id"] for row in rows]

    async def blocked(self, kind: str) -> list[UUID]:
        rows = await self._connection.fetch(QUERIES.find_orders_blocked, kind)
        return [row["order_id"] for row in rows]

    async def save(self, order: Order) -> None:
        await self._connection.execute(
            QUERIES.save_order,
            order.id,
            order.state,
            order.started_at,
            order.ready_at,
            order.delivered_at,
            order.cancelled_at,
            order.cancellation_reason,
            order.goods_have_left,
            order.version,
        )

    async def save_job(self, before: Job, after: Job) -> None:
        if after == before:
            return
        changed = [phase for phase in after.phases if phase not in before.phases] if before.phases else []
        await self._connection.execute(
            QUERIES.save_job,
            after.id,
            after.state,
            after.blocked_reason,
            after.tolerance_percent,
            after.started_at,
            after.produced,
            after.version,
            [phase.id for phase in changed],
            [phase.state for phase in changed],
            [phase.assignee_id for phase in changed],
            [phase.attempt for phase in changed],
            [phase.started_at for phase in changed],
            [phase.completed_at for phase in changed],
            [phase.quantity for phase in changed],
            [phase.note for phase in changed],
        )
        if after.economics and after.economics != before.economics:
            await self._save_economics(after.id, after.economics)
        if not before.phases:
            await self._add_phases(after.order_id, [after])

    async def _save_economics(self, job_id: UUID, economics: Economics) -> None:
        await self._connection.execute(
            QUERIES.save_economics,
            job_id,
            economics.cost,
            economics.unit_price,
            economics.supplier,
            economics.materials,
            economics.technical_sheet,
            economics.vat_code,
        )

    async def keep_rejected(self, attempt: RejectedAttempt) -> None:
        await self._connection.execute(
            QUERIES.keep_rejected,
            attempt.phase_id,
            attempt.attempt,
            attempt.assignee_id,
            attempt.started_at,
            attempt.completed_at,
            attempt.quantity,
            attempt.note,
            attempt.rejected_at,
            attempt.rejected_by,
            attempt.reason,
        )

    async def record_shipment(self, shipment: Shipment) -> bool:
        newest: bool = await self._connection.fetchval(
            QUERIES.record_shipment,
            shipment.id,
            shipment.order_id,
            shipment.state,
            shipment.sequence,
            shipment.ddt_number,
        )
        if newest:
            await self._connection.execute(
                QUERIES.replace_shipment_lines,
                shipment.id,
                list(shipment.quantities.keys()),
                list(shipment.quantities.values()),
            )
        return newest


class PostgresDirectory:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def person(self, person_id: UUID) -> Person | None:
        row = await self._connection.fetchrow(QUERIES.get_person, person_id)
        if row is None:
            return None
        own = {key: frozenset(privileges) for key, privileges in (row["own_roles"] or {}).items()}
        return Person(row["id"], row["name"], row["active"], frozenset(row["roles"]), own)

    async def save_person(self, person: Person) -> None:
        await self._connection.execute(
            QUERIES.save_person, person.id, person.name, person.active, sorted(person.roles)
        )

    async def save_role(self, role_id: UUID, key: str, privileges: Sequence[str]) -> None:
        await self._connection.execute(QUERIES.save_role, role_id, key, privileges)


class PostgresCustomers:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, customer: Customer) -> None:
        await self._connection.execute(QUERIES.drop_customer_by_former_code, customer.id, customer.code)
        await self._connection.execute(
            QUERIES.save_customer,
            customer.id,
            customer.code,
            customer.legal,
            customer.payment_method,
            customer.payment_terms,
            customer.connection,
        )

    async def get(self, code: str) -> Customer | None:
        row = await self._connection.fetchrow(QUERIES.get_customer, code)
        return Customer(**dict(row)) if row else None

    async def page(self, after: str | None, limit: int) -> list[Customer]:
        rows = await self._connection.fetch(QUERIES.page_customers, after or "", limit)
        return [Customer(**dict(row)) for row in rows]


class PostgresReading:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def orders(self, wanted: OrderFilter, before: UUID | None, limit: int) -> list[Order]:
        start = before or _BEYOND
        if wanted.brief_id:
            rows = await self._connection.fetch(
                QUERIES.page_orders_of_brief,
                start,
                limit,
                wanted.brief_id,
                wanted.number,
                wanted.state,
                wanted.customer,
            )
        elif wanted.number:
            rows = await self._connection.fetch(
                QUERIES.page_orders_numbered, start, limit, wanted.number, wanted.state, wanted.customer
            )
        elif wanted.customer:
            rows = await self._connection.fetch(
                QUERIES.page_orders_of_customer, start, limit, wanted.customer, wanted.state
            )
        elif wanted.state:
            rows = await self._connection.fetch(QUERIES.page_orders_of_state, start, limit, wanted.state)
        else:
            rows = await self._connection.fetch(QUERIES.page_orders, start, limit)
        return [_order(row) for row in rows]

    async def tasks(
        self, assignee_id: UUID, states: Sequence[PhaseState], after: tuple[date, UUID] | None, limit: int
    ) -> list[Task]:
        deadline, phase_id = after or _BEFORE
        if states == [PhaseState.DONE]:
            rows = await self._connection.fetch(
                QUERIES.page_tasks_done, assignee_id, deadline, phase_id, limit
            )
        else:
            rows = await self._connection.fetch(
                QUERIES.page_tasks_open, assignee_id, states, deadline, phase_id, limit
            )
        return [_task(row) for row in rows]

    async def task(self, phase_id: UUID, assignee_id: UUID) -> Task | None:
        row = await self._connection.fetchrow(QUERIES.get_task, phase_id, assignee_id)
        return _task(row) if row else None

    async def refused(self, phase_ids: Sequence[UUID]) -> list[RejectedAttempt]:
        return [
            RejectedAttempt(
                phase_id=row["phase_id"],
                attempt=row["attempt"],
                assignee_id=row["assignee_id"],
                started_at=row["started_at"],
                completed_at=row["completed_at"],
                quantity=_plain(row["quantity"]),
                note=row["note"],
                rejected_at=row["rejected_at"],
                rejected_by=row["rejected_by"],
                reason=row["reason"],
            )
            for row in await self._connection.fetch(QUERIES.load_rejected, phase_ids)
        ]

    async def names(self, person_ids: Sequence[UUID]) -> dict[UUID, str]:
        rows = await self._connection.fetch(QUERIES.name_people, person_ids)
        return {row["id"]: row["name"] for row in rows}

    async def shipments(self, order_id: UUID) -> list[Shipment]:
        found: dict[UUID, Shipment] = {}
        for row in await self._connection.fetch(QUERIES.load_shipments, order_id):
            shipment = found.setdefault(
                row["id"],
                Shipment(
                    row["id"],
                    order_id,
                    ShipmentState(row["state"]),
                    row["sequence"],
                    quantities={},
                    ddt_number=row["ddt_number"],
                ),
            )
            shipment.quantities[row["job_id"]] = _plain(row["quantity"])
        return list(found.values())


def _plain(quantity: Decimal) -> Decimal:
    """Without the zeros that the column's scale adds."""
    return Decimal(f"{quantity.normalize():f}")


def _deliveries(item: Item) -> str:
    return json.dumps([{"destination": d.destination, "quantity": str(d.quantity)} for d in item.deliveries])


def _kind(row: asyncpg.Record) -> Kind:
    return Kind(
        id=row["id"],
        key=row["key"],
        name=row["name"],
        phases=tuple(PhaseDefinition(**{**phase, "after": tuple(phase["after"])}) for phase in row["phases"]),
        tolerance_percent=_plain(row["tolerance_percent"]),
        version=row["version"],
    )


def _order(row: asyncpg.Record) -> Order:
    return Order(
        id=row["id"],
        number=row["number"],
        brief_id=row["brief_id"],
        title=row["title"],
        customer=row["customer"],
        deadline=row["deadline"],
        state=OrderState(row["state"]),
        confirmed_at=row["confirmed_at"],
        started_at=row["started_at"],
        ready_at=row["ready_at"],
        delivered_at=row["delivered_at"],
        cancelled_at=row["cancelled_at"],
        cancellation_reason=row["cancellation_reason"],
        goods_have_left=row["goods_have_left"],
        version=row["version"],
    )


def _jobs(rows: Iterable[asyncpg.Record]) -> list[Job]:
    """Of one row for each phase, in order."""
    return [_job(list(of_job)) for _, of_job in groupby(rows, key=itemgetter("id"))]


def _job(rows: Sequence[asyncpg.Record]) -> Job:
    row = rows[0]
    deliveries: list[dict[str, Any]] = row["deliveries"]
    return Job(
        id=row["id"],
        order_id=row["order_id"],
        position=row["position"],
        item=Item(
            item_id=row["item_id"],
            kind=row["kind"],
            description=row["description"],
            quantity=_plain(row["quantity"]),
            unit=row["unit"],
            deliveries=tuple(Delivery(d["destination"], Decimal(d["quantity"])) for d in deliveries),
        ),
        tolerance_percent=row["tolerance_percent"],
        state=JobState(row["state"]),
        phases=tuple(_phase(each) for each in rows if each["phase_id"]),
        economics=_economics(row) if row["valued"] else None,
        blocked_reason=row["blocked_reason"],
        started_at=row["started_at"],
        produced=None if row["produced"] is None else _plain(row["produced"]),
        version=row["version"],
    )


def _economics(row: asyncpg.Record) -> Economics:
    return Economics(
        cost=row["cost"],
        unit_price=row["unit_price"],
        supplier=row["supplier"],
        materials=row["materials"],
        technical_sheet=row["technical_sheet"],
        vat_code=row["vat_code"],
    )


def _phase(row: asyncpg.Record) -> Phase:
    return Phase(
        id=row["phase_id"],
        key=row["key"],
        name=row["name"],
        after=tuple(row["after"]),
        quality_check=row["quality_check"],
        skippable=row["skippable"],
        state=PhaseState(row["phase_state"]),
        assignee_id=row["assignee_id"],
        attempt=row["attempt"],
        started_at=row["phase_started_at"],
        completed_at=row["completed_at"],
        quantity=None if row["made"] is None else _plain(row["made"]),
        note=row["note"],
    )


def _task(row: asyncpg.Record) -> Task:
    return Task(
        phase_id=row["id"],
        phase=row["name"],
        description=row["description"],
        quantity=_plain(row["ordered"]),
        unit=row["unit"],
        tolerance_percent=row["tolerance_percent"],
        technical_sheet=row["technical_sheet"],
        deadline=row["deadline"],
        state=PhaseState(row["state"]),
        attempt=row["attempt"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        completed_quantity=None if row["quantity"] is None else _plain(row["quantity"]),
        note=row["note"],
    )
