"""What pages and lists of production read from PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    Assignee,
    AssigneeLoad,
    BoardFilter,
    BoardRow,
    Customer,
    FigureGroup,
    ListedOrder,
    Load,
    OrderFigures,
    OrderFilter,
    ReadOrder,
    Task,
    WorkFigures,
)
from ..domain.changes import OrderChange
from ..domain.job import GRANTING, Item, Job, Phase, RejectedAttempt
from ..domain.machine import JobState, OrderState, PhaseState
from ..domain.order import FullOrder
from ..domain.plan import Lateness
from ..domain.quantities import least_to_complete
from ..domain.shipments import Shipment, ShipmentState
from .rows import (
    plain,
    read_assignees,
    read_decimal,
    read_deliveries,
    read_jobs,
    read_lines,
    read_order,
    read_phase,
    read_sheet,
)

QUERIES: Final = load_queries(__package__)


class PostgresReading:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_order(self, order_id: UUID) -> ReadOrder | None:
        return await self._find(order_id=order_id, job_id=None)

    async def find_order_of_job(self, job_id: UUID) -> ReadOrder | None:
        return await self._find(order_id=None, job_id=job_id)

    async def _find(self, *, order_id: UUID | None, job_id: UUID | None) -> ReadOrder | None:
        row = await self._work.fetchrow(QUERIES.find_order, order_id=order_id, job_id=job_id)
        if row is None:
            return None
        rows = await self._work.fetch(QUERIES.list_jobs, order_id=row["id"], job_id=job_id)
        jobs = read_jobs(each for each in rows if job_id is None or each["id"] == job_id)
        return ReadOrder(
            FullOrder(read_order(row), jobs, read_lines(rows)),
            _customer(row),
            read_assignees(rows),
            [_shipment(row["id"], each) for each in row["shipments"] or ()],
            [_change(row["id"], each) for each in row["changes"] or ()],
        )

    async def list_orders(self, wanted: OrderFilter, before: UUID | None, limit: int) -> list[ListedOrder]:
        asked = asdict(wanted)
        query = QUERIES.list_orders_by_words
        if wanted.text is None:
            query = QUERIES.list_orders
            del asked["text"]
        rows = await self._work.fetch(query, **asked, before=before, limit=limit)
        return [ListedOrder(read_order(row), _customer(row)) for row in rows]

    async def list_tasks(
        self, assignee_id: UUID, states: Collection[PhaseState], after: tuple[date, UUID] | None, limit: int
    ) -> list[Task]:
        deadline, phase_id = after or (date.min, UUID(int=0))
        asked = {
            "assignee_id": assignee_id,
            "after_deadline": deadline,
            "after_id": phase_id,
            "limit": limit,
        }
        # Separate statements, each with an index of its own, because a plan for all states would be made anew
        # each time.
        if PhaseState.DONE in states:
            rows = await self._work.fetch(QUERIES.list_done_tasks, **asked)
        else:
            rows = await self._work.fetch(QUERIES.list_open_tasks, **asked, states=list(states))
        return [_task(row) for row in rows]

    async def find_task(self, phase_id: UUID, assignee_id: UUID) -> Task | None:
        row = await self._work.fetchrow(
            QUERIES.find_task, phase_id=phase_id, assignee_id=assignee_id, states=list(GRANTING)
        )
        return _task(row) if row else None

    async def list_board(
        self, wanted: BoardFilter, today: date, after: tuple[date, UUID] | None, limit: int
    ) -> list[BoardRow]:
        due, phase_id = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_board,
            state=wanted.state,
            assignee_id=wanted.assignee_id,
            unassigned=wanted.unassigned,
            lateness=wanted.lateness,
            since=wanted.since,
            until=wanted.until,
            today=today,
            after_due=due,
            after_id=phase_id,
            limit=limit,
        )
        return [_board_row(row) for row in rows]

    async def list_assignees(
        self, built_in_roles: Sequence[str], today: date, after: tuple[str, UUID] | None, limit: int
    ) -> list[AssigneeLoad]:
        name, person_id = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_assignees,
            built_in_roles=built_in_roles,
            today=today,
            after_name=name,
            after_id=person_id,
            limit=limit,
        )
        return [AssigneeLoad(**dict(row)) for row in rows]

    async def list_work_figures(
        self, by: str, since: datetime, until: datetime, limit: int
    ) -> list[WorkFigures]:
        rows = await self._work.fetch(QUERIES.list_work_figures, by=by, since=since, until=until, limit=limit)
        return [
            WorkFigures(
                _figure_group(row), row["completed"], row["on_time"], row["rejected"], _days(row["days"])
            )
            for row in rows
        ]

    async def list_order_figures(
        self, by: str, since: datetime, until: datetime, limit: int
    ) -> list[OrderFigures]:
        rows = await self._work.fetch(
            QUERIES.list_order_figures, by=by, since=since, until=until, limit=limit
        )
        return [
            OrderFigures(
                FigureGroup(kind=row["kind"], customer=row["customer"], month=row["month"]),
                row["lines"],
                row["on_time"],
                _days(row["days"]),
                row["valued"],
                row["cost"],
                row["price"],
            )
            for row in rows
        ]

    async def list_load(self, by: str, today: date, until: date, limit: int) -> list[Load]:
        rows = await self._work.fetch(QUERIES.list_load, by=by, today=today, until=until, limit=limit)
        return [
            Load(
                FigureGroup(
                    kind=row["kind"],
                    week=row["week"],
                    assignee_id=row["assignee_id"],
                    assignee_name=row["assignee_name"],
                ),
                row["phases"],
                row["late"],
            )
            for row in rows
        ]

    async def list_rejected(self, phase_ids: Sequence[UUID]) -> list[RejectedAttempt]:
        return [
            RejectedAttempt(
                phase_id=row["phase_id"],
                attempt=row["attempt"],
                assignee_id=row["assignee_id"],
                started_at=row["started_at"],
                completed_at=row["completed_at"],
                quantity=plain(row["quantity"]),
                note=row["note"],
                rejected_at=row["rejected_at"],
                rejected_by=row["rejected_by"],
                reason=row["reason"],
            )
            for row in await self._work.fetch(QUERIES.list_rejected_attempts, phase_ids=phase_ids)
        ]


def _change(order_id: UUID, told: dict[str, Any]) -> OrderChange:
    quantity, deadline, job_id = (told[name] for name in ("quantity_before", "deadline_before", "job_id"))
    return OrderChange(
        id=UUID(told["id"]),
        order_id=order_id,
        changed_at=datetime.fromisoformat(told["changed_at"]),
        changed_by=UUID(told["changed_by"]),
        reason=told["reason"],
        deadline_before=date.fromisoformat(deadline) if deadline else None,
        job_id=UUID(job_id) if job_id else None,
        quantity_before=plain(Decimal(quantity)) if quantity else None,
        deliveries_before=read_deliveries(told["deliveries_before"] or ()),
    )


def _figure_group(row: asyncpg.Record) -> FigureGroup:
    return FigureGroup(
        kind=row["kind"],
        phase=row["phase"],
        assignee_id=row["assignee_id"],
        assignee_name=row["assignee_name"],
        month=row["month"],
    )


def _days(average: Decimal | None) -> Decimal | None:
    return None if average is None else average.quantize(Decimal("0.1"))


def _customer(row: asyncpg.Record) -> Customer | None:
    """Build the customer from an order's row. Return None if the order has none or the ERP has not sent this
    one."""
    if row["customer_id"] is None:
        return None
    return Customer(
        id=row["customer_id"],
        code=row["customer"],
        legal=row["legal"],
        payment_method=row["payment_method"],
        payment_terms=row["payment_terms"],
        connection=row["connection"],
    )


def _shipment(order_id: UUID, told: dict[str, Any]) -> Shipment:
    return Shipment(
        UUID(told["id"]),
        order_id,
        ShipmentState(told["state"]),
        told["sequence"],
        {UUID(job_id): plain(Decimal(quantity)) for job_id, quantity in told["quantities"].items()},
        told["ddt_number"],
    )


def _board_row(row: asyncpg.Record) -> BoardRow:
    known = row["assignee_name"] is not None
    return BoardRow(
        phase=read_phase(row),
        job_id=row["job_id"],
        order_id=row["order_id"],
        order_number=row["order_number"],
        title=row["title"],
        description=row["description"],
        quantity=plain(row["ordered"]),
        unit=row["unit"],
        due=row["due"],
        lateness=Lateness(row["lateness"]),
        assignee=Assignee(row["assignee_name"], row["assignee_active"]) if known else None,
        job_state=JobState(row["job_state"]),
        order_state=OrderState(row["order_state"]),
    )


def _task(row: asyncpg.Record) -> Task:
    phase = read_phase(row)
    return Task(
        phase=phase,
        description=row["description"],
        quantity=plain(row["ordered"]),
        unit=row["unit"],
        tolerance_percent=row["tolerance_percent"],
        technical_sheet=row["technical_sheet"],
        sheet=read_sheet(row["sheet"]),
        deadline=row["deadline"],
        job_state=JobState(row["job_state"]),
        order_state=OrderState(row["order_state"]),
        awaits_others=row["awaits_others"],
        least=least_to_complete(_job_of_task(row), phase),
    )


def _job_of_task(row: asyncpg.Record) -> Job:
    """Build the part of the job that tells what there is to work on."""
    return Job(
        id=row["job_id"],
        order_id=row["order_id"],
        position=row["position"],
        item=Item(None, row["kind"], row["description"], plain(row["ordered"]), row["unit"], ()),
        tolerance_percent=row["tolerance_percent"],
        state=JobState(row["job_state"]),
        phases=tuple(_phase_of_job(each) for each in row["phases_of_job"]),
    )


def _phase_of_job(told: dict[str, Any]) -> Phase:
    return Phase(
        id=UUID(told["id"]),
        key=told["key"],
        name="",
        after=tuple(told["after"]),
        quality_check=told["quality_check"],
        skippable=False,
        state=PhaseState(told["state"]),
        quantity=read_decimal(told["made"]),
        factor=Decimal(told["factor"]),
        made_so_far=read_decimal(told["made_so_far"]),
        share=read_decimal(told["share"]),
    )
