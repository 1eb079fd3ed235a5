"""Repositories of production on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import asyncpg

from optima_contracts.quantities import quantity_text
from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    Article,
    Assignee,
    AssigneeLoad,
    Assignees,
    BoardFilter,
    BoardRow,
    Customer,
    EconomicsEntry,
    FigureGroup,
    KnownBrief,
    ListedOrder,
    Load,
    LockedPhase,
    Message,
    MessageFile,
    OrderFigures,
    OrderFilter,
    OrderOfShipment,
    ReadOrder,
    Task,
    WorkFigures,
)
from ..domain.amendments import Amendment, AmendmentState, OtherQuantity
from ..domain.changes import OrderChange
from ..domain.charges import Bearer, DeliveryTerms
from ..domain.deliveries import Delivery
from ..domain.economics import STRICT, CostKind, CostLine, Economics, PricePolicy
from ..domain.job import GRANTING, Item, Job, Phase, RejectedAttempt
from ..domain.kinds import Kind, PhaseDefinition
from ..domain.machine import JobState, OrderState, PhaseState
from ..domain.order import FullOrder, LineProgress, Order
from ..domain.outside import CameBack, Outside
from ..domain.plan import Lateness, Period
from ..domain.quantities import least_to_complete
from ..domain.sheets import FieldType, SheetEntry, SheetField
from ..domain.shipments import Shipment, ShipmentState

QUERIES: Final = load_queries(__package__)


class PostgresKinds:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def list_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        rows = await self._work.fetch(QUERIES.list_kinds_named, keys=keys)
        return {row["key"]: _kind(row) for row in rows}

    async def lock_named(self, keys: Sequence[str]) -> dict[str, Kind]:
        await self._work.execute(QUERIES.lock_kinds_shared)
        return await self.list_named(keys)

    async def lock_kind(self, key: str) -> Kind | None:
        await self._work.execute(QUERIES.lock_kinds)
        return (await self.list_named([key])).get(key)

    def upsert_kind(self, kind: Kind) -> None:
        phases = [
            {
                "key": phase.key,
                "name": phase.name,
                "after": list(phase.after),
                "quality_check": phase.quality_check,
                "skippable": phase.skippable,
                **({"unit": phase.unit} if phase.unit else {}),
                **({"factor": str(phase.factor)} if phase.factor != 1 else {}),
                **({"starts_on_parts": True} if phase.starts_on_parts else {}),
                **({"needs_proof": True} if phase.needs_proof else {}),
                **({"days": phase.days} if phase.days != 1 else {}),
                **({"daily_quantity": str(phase.daily_quantity)} if phase.daily_quantity else {}),
            }
            for phase in kind.phases
        ]
        self._work.write(
            QUERIES.upsert_kind,
            id=kind.id,
            key=kind.key,
            name=kind.name,
            phases=phases,
            tolerance_percent=kind.tolerance_percent,
            version=kind.version,
            sheet=[_stored_field(each) for each in kind.sheet],
        )

    async def list_kinds(self, after: str | None, limit: int) -> list[Kind]:
        return [
            _kind(row) for row in await self._work.fetch(QUERIES.list_kinds, after=after or "", limit=limit)
        ]


class PostgresOrders:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def get_or_create_brief(self, brief_id: UUID) -> KnownBrief:
        row = await self._work.fetchrow(QUERIES.lock_brief, brief_id=brief_id)
        assert row is not None
        return KnownBrief(row["order_id"], row["cancellation_reason"])

    def update_brief_cancelled(self, brief_id: UUID, reason: str) -> None:
        self._work.write(QUERIES.update_brief_cancelled, brief_id=brief_id, reason=reason)

    def update_brief_going_on(self, brief_id: UUID) -> None:
        self._work.write(QUERIES.update_brief_going_on, brief_id=brief_id)

    def upsert_proof(
        self, brief_id: UUID, proof_id: UUID, version: int, sequence: int, *, approved: bool
    ) -> None:
        self._work.write(
            QUERIES.upsert_proof,
            brief_id=brief_id,
            proof_id=proof_id,
            version=version,
            sequence=sequence,
            approved=approved,
        )

    async def find_brief_cancellation(self, brief_id: UUID) -> str | None:
        reason: str | None = await self._work.fetchval(QUERIES.find_brief_cancellation, brief_id=brief_id)
        return reason

    async def next_order_number(self, year: int) -> int:
        progressive: int = await self._work.fetchval(QUERIES.next_order_number, year=year)
        return progressive

    def insert_order(self, order: Order, jobs: Sequence[Job]) -> None:
        self._work.write(
            QUERIES.insert_order,
            order_id=order.id,
            number=order.number,
            brief_id=order.brief_id,
            title=order.title,
            customer=order.customer,
            deadline=order.deadline,
            state=order.state,
            confirmed_at=order.confirmed_at,
            version=order.version,
            job_ids=[job.id for job in jobs],
            positions=[job.position for job in jobs],
            item_ids=[job.item.item_id for job in jobs],
            kinds=[job.item.kind for job in jobs],
            descriptions=[job.item.description for job in jobs],
            quantities=[job.item.quantity for job in jobs],
            units=[job.item.unit for job in jobs],
            deliveries=[_deliveries(job.item.deliveries) for job in jobs],
            tolerances=[job.tolerance_percent for job in jobs],
            states=[job.state for job in jobs],
            blocked_reasons=[job.blocked_reason for job in jobs],
            article_ids=[job.item.article_id for job in jobs],
            versions=[job.version for job in jobs],
        )
        self._add_phases(order.id, jobs)

    def _add_phases(self, order_id: UUID, jobs: Sequence[Job]) -> None:
        phases = [(job.id, position, phase) for job in jobs for position, phase in enumerate(job.phases)]
        if not phases:
            return
        self._work.write(
            QUERIES.insert_phases,
            order_id=order_id,
            job_ids=[job_id for job_id, _, _ in phases],
            positions=[position for _, position, _ in phases],
            ids=[phase.id for _, _, phase in phases],
            keys=[phase.key for _, _, phase in phases],
            names=[phase.name for _, _, phase in phases],
            after=[",".join(phase.after) for _, _, phase in phases],
            quality_checks=[phase.quality_check for _, _, phase in phases],
            skippable=[phase.skippable for _, _, phase in phases],
            units=[phase.unit for _, _, phase in phases],
            factors=[phase.factor for _, _, phase in phases],
            starts_on_parts=[phase.starts_on_parts for _, _, phase in phases],
            needs_proofs=[phase.needs_proof for _, _, phase in phases],
            planned_starts=[phase.planned.start if phase.planned else None for _, _, phase in phases],
            planned_ends=[phase.planned.end if phase.planned else None for _, _, phase in phases],
            states=[phase.state for _, _, phase in phases],
        )

    async def lock_order(self, order_id: UUID) -> FullOrder | None:
        row = await self._work.fetchrow(QUERIES.lock_order, order_id=order_id)
        return await self._full(row) if row else None

    async def lock_order_of_job(self, job_id: UUID) -> FullOrder | None:
        row = await self._work.fetchrow(QUERIES.lock_order_of_job, job_id=job_id)
        return await self._full(row) if row else None

    async def lock_phase(self, phase_id: UUID) -> LockedPhase | None:
        row = await self._work.fetchrow(QUERIES.lock_order_of_phase, phase_id=phase_id)
        if row is None:
            return None
        rows = await self._work.fetch(QUERIES.list_jobs, order_id=row["id"], job_id=row["job_id"])
        jobs = _jobs(each for each in rows if each["id"] == row["job_id"])
        return LockedPhase(FullOrder(_order(row), jobs, _lines(rows)), phase_id, _assignees(rows))

    async def lock_order_of_shipment(self, shipment: Shipment) -> OrderOfShipment | None:
        row = await self._work.fetchrow(QUERIES.lock_order, order_id=shipment.order_id)
        if row is None:
            return None
        rows = await self._work.fetch(
            QUERIES.list_lines_without_shipment, order_id=shipment.order_id, shipment_id=shipment.id
        )
        full = FullOrder(_order(row), (), _lines(rows), documents=True)
        return OrderOfShipment(full, rows[0]["known_sequence"], rows[0]["other_goods_out"])

    async def _full(self, row: asyncpg.Record) -> FullOrder:
        rows = await self._work.fetch(QUERIES.list_jobs, order_id=row["id"], job_id=None)
        return FullOrder(_order(row), _jobs(rows), _lines(rows), documents=rows[0]["documents"])

    async def list_orders_of_phases(self, phase_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        rows = await self._work.fetch(QUERIES.list_orders_of_phases, phase_ids=phase_ids)
        return {row["id"]: row["order_id"] for row in rows}

    async def list_orders_with_work_of(self, person_id: UUID) -> list[UUID]:
        rows = await self._work.fetch(QUERIES.list_orders_with_work_of, assignee_id=person_id)
        return [row["order_id"] for row in rows]

    async def list_orders_blocked(self, kind: str) -> list[UUID]:
        rows = await self._work.fetch(QUERIES.list_orders_blocked, kind=kind)
        return [row["order_id"] for row in rows]

    def update_order(self, before: FullOrder, after: FullOrder) -> None:
        known = {job.id: job for job in before.jobs}
        jobs = [job for job in after.jobs if job != known[job.id]]
        if after.order == before.order and not jobs:
            return
        changed = [
            (job, phase)
            for job in jobs
            if known[job.id].phases
            for phase in job.phases
            if phase not in known[job.id].phases
        ]
        phases_before = {phase.id for job in before.jobs for phase in job.phases}
        phases = [phase for _, phase in changed if phase.id in phases_before]
        order = after.order
        self._work.write(
            QUERIES.update_order,
            order_id=order.id,
            state=order.state,
            started_at=order.started_at,
            ready_at=order.ready_at,
            delivered_at=order.delivered_at,
            cancelled_at=order.cancelled_at,
            cancellation_reason=order.cancellation_reason,
            goods_have_left=order.goods_have_left,
            version=order.version,
            job_ids=[job.id for job in jobs],
            kinds=[job.item.kind for job in jobs],
            job_states=[job.state for job in jobs],
            blocked_reasons=[job.blocked_reason for job in jobs],
            tolerances=[job.tolerance_percent for job in jobs],
            jobs_started_at=[job.started_at for job in jobs],
            produced=[job.produced for job in jobs],
            closed_because=[job.closed_because for job in jobs],
            job_versions=[job.version for job in jobs],
            phase_ids=[phase.id for phase in phases],
            phase_states=[phase.state for phase in phases],
            assignee_ids=[phase.assignee_id for phase in phases],
            attempts=[phase.attempt for phase in phases],
            phases_started_at=[phase.started_at for phase in phases],
            completed_at=[phase.completed_at for phase in phases],
            quantities=[phase.quantity for phase in phases],
            notes=[phase.note for phase in phases],
            lost=[phase.lost for phase in phases],
            loss_reasons=[phase.loss_reason for phase in phases],
            made_so_far=[phase.made_so_far for phase in phases],
            finishers=[phase.outside.finisher for phase in phases],
            good_before=[phase.outside.before.good for phase in phases],
            scrap_before=[phase.outside.before.scrap for phase in phases],
            shares=[phase.share for phase in phases],
        )
        for job, phase in changed:
            if phase.id not in phases_before:
                self._add_share(job.id, phase)
        joined = phases_before - {phase.id for job in after.jobs for phase in job.phases}
        for phase_id in joined:
            self._work.write(QUERIES.delete_sent_outside, phase_id=phase_id)
            self._work.write(QUERIES.delete_share, id=phase_id)
        for job in jobs:
            if job.economics and job.economics != known[job.id].economics:
                self._save_economics(job.id, job.economics)
        self._add_phases(order.id, [job for job in jobs if not known[job.id].phases])

    def _add_share(self, job_id: UUID, phase: Phase) -> None:
        self._work.write(
            QUERIES.insert_share,
            job_id=job_id,
            id=phase.id,
            key=phase.key,
            state=phase.state,
            assignee_id=phase.assignee_id,
            share=phase.share,
            share_number=phase.share_number,
        )

    def _save_economics(self, job_id: UUID, economics: Economics) -> None:
        self._work.write(
            QUERIES.upsert_economics,
            job_id=job_id,
            given_up=economics.given_up,
            **_stored_economics(economics),
        )

    def insert_economics_entry(self, entry: EconomicsEntry) -> None:
        self._work.write(
            QUERIES.insert_economics_entry,
            job_id=entry.job_id,
            set_at=entry.set_at,
            set_by=entry.set_by,
            **_stored_economics(entry.economics),
        )

    async def list_economics_entries(
        self, job_id: UUID, before: int | None, limit: int
    ) -> list[tuple[int, EconomicsEntry]]:
        rows = await self._work.fetch(
            QUERIES.list_economics_entries, job_id=job_id, before=before, limit=limit
        )
        return [
            (row["entry"], EconomicsEntry(row["job_id"], row["set_at"], row["set_by"], _economics(row)))
            for row in rows
        ]

    def update_terms(self, before: FullOrder, after: FullOrder) -> None:
        known = {job.id: job for job in before.jobs}
        jobs = [job for job in after.jobs if job.item != known[job.id].item]
        phases = [phase for job in after.jobs for phase in job.phases]
        self._work.write(
            QUERIES.update_terms,
            order_id=after.order.id,
            deadline=after.order.deadline,
            job_ids=[job.id for job in jobs],
            quantities=[job.item.quantity for job in jobs],
            deliveries=[_deliveries(job.item.deliveries) for job in jobs],
            confirmed=[job.item.confirmed for job in jobs],
            phase_ids=[phase.id for phase in phases],
            planned_starts=[phase.planned.start if phase.planned else None for phase in phases],
            planned_ends=[phase.planned.end if phase.planned else None for phase in phases],
        )

    def insert_change(self, change: OrderChange) -> None:
        self._work.write(
            QUERIES.insert_change,
            id=change.id,
            order_id=change.order_id,
            changed_at=change.changed_at,
            changed_by=change.changed_by,
            reason=change.reason,
            deadline_before=change.deadline_before,
            job_id=change.job_id,
            quantity_before=change.quantity_before,
            deliveries_before=_deliveries(change.deliveries_before) if change.job_id else None,
        )

    def insert_rejected_attempt(self, attempt: RejectedAttempt) -> None:
        self._work.write(
            QUERIES.insert_rejected_attempt,
            phase_id=attempt.phase_id,
            attempt=attempt.attempt,
            assignee_id=attempt.assignee_id,
            started_at=attempt.started_at,
            completed_at=attempt.completed_at,
            quantity=attempt.quantity,
            note=attempt.note,
            rejected_at=attempt.rejected_at,
            rejected_by=attempt.rejected_by,
            reason=attempt.reason,
        )

    async def insert_awaited_shipments(self, order_id: UUID, shipment_ids: Sequence[UUID]) -> bool:
        out: bool = await self._work.fetchval(
            QUERIES.insert_awaited_shipments, order_id=order_id, shipment_ids=shipment_ids
        )
        return out

    def upsert_shipment(self, shipment: Shipment, *, newest: bool) -> None:
        if not newest:
            self._work.write(
                QUERIES.update_ddt_number, shipment_id=shipment.id, ddt_number=shipment.ddt_number
            )
            return
        self._work.write(
            QUERIES.upsert_shipment,
            shipment_id=shipment.id,
            order_id=shipment.order_id,
            state=shipment.state,
            sequence=shipment.sequence,
            ddt_number=shipment.ddt_number,
            job_ids=list(shipment.quantities.keys()),
            quantities=list(shipment.quantities.values()),
        )

    def upsert_sent_outside(
        self, phase_id: UUID, shipment_id: UUID, sequence: int, quantity: Decimal
    ) -> None:
        self._work.write(
            QUERIES.upsert_sent_outside,
            phase_id=phase_id,
            shipment_id=shipment_id,
            sequence=sequence,
            quantity=quantity,
        )

    def insert_back_from_outside(self, phase_id: UUID, return_id: UUID, back: CameBack) -> None:
        self._work.write(
            QUERIES.insert_back_from_outside,
            phase_id=phase_id,
            return_id=return_id,
            good=back.good,
            scrap=back.scrap,
        )


class PostgresPrices:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_approved(self, unit_prices: Mapping[UUID, Decimal]) -> None:
        self._work.write(
            QUERIES.insert_approved_prices,
            item_ids=list(unit_prices.keys()),
            unit_prices=list(unit_prices.values()),
        )

    async def list_approved(self, item_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
        rows = await self._work.fetch(QUERIES.list_approved_prices, item_ids=item_ids)
        return {row["item_id"]: row["unit_price"] for row in rows}

    async def find_policy(self) -> PricePolicy:
        row = await self._work.fetchrow(QUERIES.find_price_policy)
        return _price_policy(row) if row else STRICT

    async def lock_policy(self) -> PricePolicy:
        row = await self._work.fetchrow(
            QUERIES.lock_price_policy,
            tolerance_percent=STRICT.tolerance_percent,
            process=STRICT.process,
            version=STRICT.version,
        )
        assert row is not None
        return _price_policy(row)

    def update_policy(self, policy: PricePolicy) -> None:
        self._work.write(
            QUERIES.update_price_policy,
            tolerance_percent=policy.tolerance_percent,
            process=policy.process,
            version=policy.version,
        )

    def update_approved(self, item_id: UUID, unit_price: Decimal) -> None:
        self._work.write(QUERIES.update_approved_price, item_id=item_id, unit_price=unit_price)

    def insert_amendment(self, amendment: Amendment) -> None:
        other = amendment.other
        self._work.write(
            QUERIES.insert_amendment,
            id=amendment.id,
            job_id=amendment.job_id,
            quantity=amendment.quantity,
            unit_price_before=amendment.unit_price_before,
            unit_price=amendment.unit_price,
            content_hash=amendment.content_hash,
            reason=amendment.reason,
            process=amendment.process,
            requested_at=amendment.requested_at,
            requested_by=amendment.requested_by,
            state=amendment.state,
            quantity_after=other.quantity if other else None,
            confirmed_before=other.confirmed_before if other else None,
            deliveries_after=_deliveries(other.deliveries) if other else None,
            deliveries_before=_deliveries(other.deliveries_before) if other else None,
        )

    def update_amendment(self, amendment: Amendment) -> None:
        self._work.write(
            QUERIES.update_amendment,
            id=amendment.id,
            state=amendment.state,
            approval_id=amendment.approval_id,
            ended_at=amendment.ended_at,
            ended_by=amendment.ended_by,
            ended_because=amendment.ended_because,
        )

    async def find_amendment(self, amendment_id: UUID) -> Amendment | None:
        row = await self._work.fetchrow(QUERIES.find_amendment, id=amendment_id)
        return _amendment(row) if row else None

    async def list_amendments(self, job_ids: Sequence[UUID]) -> list[Amendment]:
        rows = await self._work.fetch(QUERIES.list_amendments, job_ids=job_ids)
        return [_amendment(row) for row in rows]


class PostgresArticles:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def upsert_article(self, article: Article) -> None:
        self._work.write(
            QUERIES.upsert_article,
            id=article.id,
            code=article.code,
            description=article.description,
            unit=article.unit,
        )

    async def list_named(self, codes: Sequence[str]) -> dict[str, Article]:
        rows = await self._work.fetch(QUERIES.list_articles_named, codes=codes)
        return {row["code"]: Article(**dict(row)) for row in rows}


class PostgresDestinations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def upsert_destination(self, code: str, *, name: str, city: str) -> None:
        self._work.write(QUERIES.upsert_destination, code=code, name=name, city=city)

    async def names(self, codes: Iterable[str]) -> Mapping[str, str]:
        wanted = sorted(set(codes))
        rows = await self._work.fetch(QUERIES.list_destinations_named, codes=wanted) if wanted else ()
        return {row["code"]: f"{row['name']}, {row['city']}" for row in rows}


class PostgresCustomers:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def upsert_customer(self, customer: Customer) -> None:
        self._work.write(QUERIES.delete_customer_by_former_code, id=customer.id, code=customer.code)
        self._work.write(
            QUERIES.upsert_customer,
            id=customer.id,
            code=customer.code,
            legal=customer.legal,
            payment_method=customer.payment_method,
            payment_terms=customer.payment_terms,
            connection=customer.connection,
        )

    async def find_customer(self, code: str) -> Customer | None:
        row = await self._work.fetchrow(QUERIES.find_customer, code=code)
        return Customer(**dict(row)) if row else None

    async def list_customers(self, after: str | None, limit: int) -> list[Customer]:
        rows = await self._work.fetch(QUERIES.list_customers, after=after or "", limit=limit)
        return [Customer(**dict(row)) for row in rows]


class PostgresMessages:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_message(self, message: Message, file: MessageFile | None) -> None:
        self._work.write(
            QUERIES.insert_message,
            id=message.id,
            phase_id=message.phase_id,
            assignee_id=message.assignee_id,
            author_id=message.author_id,
            text=message.text,
            problem=message.problem,
            written_at=message.written_at,
            file_name=message.file_name,
            media_type=file.media_type if file else None,
            data=file.data if file else None,
        )

    def move_messages(self, phase_id: UUID, to: UUID) -> None:
        self._work.write(QUERIES.move_messages, phase_id=phase_id, to=to)

    async def has_phase(self, phase_id: UUID) -> bool:
        return await self._work.fetchrow(QUERIES.find_phase, phase_id=phase_id) is not None

    async def list_messages(
        self, phase_id: UUID, assignee_id: UUID | None, *, before: UUID | None, limit: int
    ) -> list[Message]:
        rows = await self._work.fetch(
            QUERIES.list_messages, phase_id=phase_id, assignee_id=assignee_id, before=before, limit=limit
        )
        return [Message(**dict(row)) for row in rows]

    async def find_file(
        self, phase_id: UUID, message_id: UUID, assignee_id: UUID | None
    ) -> MessageFile | None:
        row = await self._work.fetchrow(
            QUERIES.find_message_file, phase_id=phase_id, id=message_id, assignee_id=assignee_id
        )
        return MessageFile(row["file_name"], row["media_type"], row["data"]) if row else None


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
        jobs = _jobs(each for each in rows if job_id is None or each["id"] == job_id)
        return ReadOrder(
            FullOrder(_order(row), jobs, _lines(rows)),
            _customer(row),
            _assignees(rows),
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
        return [ListedOrder(_order(row), _customer(row)) for row in rows]

    async def list_tasks(
        self, assignee_id: UUID, states: Iterable[PhaseState], after: tuple[date, UUID] | None, limit: int
    ) -> list[Task]:
        deadline, phase_id = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_tasks,
            assignee_id=assignee_id,
            phase_id=None,
            states=list(states),
            after_deadline=deadline,
            after_id=phase_id,
            limit=limit,
        )
        return [_task(row) for row in rows]

    async def find_task(self, phase_id: UUID, assignee_id: UUID) -> Task | None:
        row = await self._work.fetchrow(
            QUERIES.list_tasks,
            assignee_id=assignee_id,
            phase_id=phase_id,
            states=list(GRANTING),
            after_deadline=None,
            after_id=None,
            limit=1,
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
                quantity=_plain(row["quantity"]),
                note=row["note"],
                rejected_at=row["rejected_at"],
                rejected_by=row["rejected_by"],
                reason=row["reason"],
            )
            for row in await self._work.fetch(QUERIES.list_rejected_attempts, phase_ids=phase_ids)
        ]


def _plain(quantity: Decimal) -> Decimal:
    """Return the quantity without the zeros that the column's scale adds."""
    return Decimal(quantity_text(quantity))


def _deliveries(deliveries: Iterable[Delivery]) -> str:
    return json.dumps([{"destination": d.destination, "quantity": str(d.quantity)} for d in deliveries])


def _read_deliveries(stored: Iterable[dict[str, Any]]) -> tuple[Delivery, ...]:
    return tuple(Delivery(each["destination"], Decimal(each["quantity"])) for each in stored)


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
        quantity_before=_plain(Decimal(quantity)) if quantity else None,
        deliveries_before=_read_deliveries(told["deliveries_before"] or ()),
    )


def _kind(row: asyncpg.Record) -> Kind:
    return Kind(
        id=row["id"],
        key=row["key"],
        name=row["name"],
        phases=tuple(_phase_definition(phase) for phase in row["phases"]),
        tolerance_percent=_plain(row["tolerance_percent"]),
        version=row["version"],
        sheet=tuple(_sheet_field(each) for each in row["sheet"]),
    )


def _phase_definition(stored: dict[str, Any]) -> PhaseDefinition:
    exact = {"after": tuple(stored["after"]), "factor": Decimal(stored.get("factor", 1))}
    if "daily_quantity" in stored:
        exact["daily_quantity"] = Decimal(stored["daily_quantity"])
    return PhaseDefinition(**stored | exact)


def _stored_field(field: SheetField) -> dict[str, Any]:
    return {**asdict(field), "type": field.type.value}


def _sheet_field(stored: dict[str, Any]) -> SheetField:
    return SheetField(**stored | {"type": FieldType(stored["type"]), "choices": tuple(stored["choices"])})


def _stored_entry(entry: SheetEntry) -> dict[str, Any]:
    return {**asdict(entry), "type": entry.type.value}


def _sheet(stored: Sequence[dict[str, Any]]) -> tuple[SheetEntry, ...]:
    return tuple(SheetEntry(**each | {"type": FieldType(each["type"])}) for each in stored)


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


def _jobs(rows: Iterable[asyncpg.Record]) -> tuple[Job, ...]:
    """Build jobs from rows, one for each phase, in order."""
    return tuple(_job(list(of_job)) for _, of_job in groupby(rows, key=itemgetter("id")))


def _lines(rows: Iterable[asyncpg.Record]) -> dict[UUID, LineProgress]:
    return {
        row["id"]: LineProgress(
            JobState(row["state"]),
            ordered=row["quantity"],
            produced=row["produced"],
            shipped=row["shipped"],
            delivered=row["delivered"],
            closed=row["closed_because"] is not None,
            from_stock=row["article_id"] is not None,
        )
        for row in rows
    }


def _assignees(rows: Iterable[asyncpg.Record]) -> Assignees:
    return Assignees(
        {
            row["assignee_id"]: Assignee(row["assignee_name"], row["assignee_active"])
            for row in rows
            if row["assignee_name"] is not None
        }
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
        {UUID(job_id): _plain(Decimal(quantity)) for job_id, quantity in told["quantities"].items()},
        told["ddt_number"],
    )


def _job(rows: Sequence[asyncpg.Record]) -> Job:
    row = rows[0]
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
            deliveries=_read_deliveries(row["deliveries"]),
            approved_unit_price=row["approved_unit_price"],
            article_id=row["article_id"],
            confirmed=_plain(row["confirmed"]),
        ),
        tolerance_percent=row["tolerance_percent"],
        state=JobState(row["state"]),
        phases=tuple(_phase(each) for each in rows if each["phase_id"]),
        economics=_economics(row) if row["valued"] else None,
        blocked_reason=row["blocked_reason"],
        started_at=row["started_at"],
        produced=None if row["produced"] is None else _plain(row["produced"]),
        closed_because=row["closed_because"],
        amendment=_open_amendment(row) if row["amendment_id"] else None,
        version=row["version"],
    )


def _amendment(row: asyncpg.Record) -> Amendment:
    asked = {name: value for name, value in row.items() if name not in _OF_OTHER_QUANTITY}
    return Amendment(
        **{
            **asked,
            "quantity": _plain(row["quantity"]),
            "state": AmendmentState(row["state"]),
            "other": _other_quantity(row),
        }
    )


_OF_OTHER_QUANTITY: Final = frozenset(
    {"quantity_after", "confirmed_before", "deliveries_after", "deliveries_before"}
)


def _other_quantity(row: asyncpg.Record) -> OtherQuantity | None:
    if row["quantity_after"] is None:
        return None
    return OtherQuantity(
        _plain(row["quantity_after"]),
        _read_deliveries(row["deliveries_after"]),
        _read_deliveries(row["deliveries_before"]),
        _plain(row["confirmed_before"]),
    )


def _open_amendment(row: asyncpg.Record) -> Amendment:
    """Build the amendment in approval from a job's row."""
    return Amendment(
        id=row["amendment_id"],
        job_id=row["id"],
        quantity=_plain(row["amendment_quantity"]),
        unit_price_before=row["unit_price_before"],
        unit_price=row["amended_unit_price"],
        content_hash=row["content_hash"],
        reason=row["amendment_reason"],
        process=row["process"],
        requested_at=row["requested_at"],
        requested_by=row["requested_by"],
        other=_other_quantity(row),
        approval_id=row["approval_id"],
    )


def _stored_economics(economics: Economics) -> dict[str, Any]:
    return {
        "cost": economics.cost,
        "unit_price": economics.unit_price,
        "supplier": economics.supplier,
        "materials": economics.materials,
        "technical_sheet": economics.technical_sheet,
        "vat_code": economics.vat_code,
        "price_reason": economics.price_reason,
        "cost_lines": [_stored_cost_line(line) for line in economics.cost_lines],
        "sheet": [_stored_entry(each) for each in economics.sheet],
    }


def _stored_cost_line(line: CostLine) -> dict[str, Any]:
    exact = {"quantity": str(line.quantity), "unit_cost": str(line.unit_cost)}
    if line.actual is not None:
        exact["actual"] = str(line.actual)
    if line.charged is not None:
        exact["charged"] = str(line.charged)
    if line.phase_id is not None:
        exact["phase_id"] = str(line.phase_id)
    return {
        "what": line.what.value,
        "description": line.description,
        "supplier": line.supplier,
        "terms": line.terms,
        **({"delivery": _stored_delivery_terms(line.delivery)} if line.delivery else {}),
        **({"given_up": True} if line.given_up else {}),
        **exact,
    }


def _stored_delivery_terms(terms: DeliveryTerms) -> dict[str, str]:
    return {
        "phase_id": str(terms.phase_id),
        "tolerance_percent": str(terms.tolerance_percent),
        "over": terms.over.value,
        "under": terms.under.value,
    }


def _delivery_terms(stored: dict[str, str]) -> DeliveryTerms:
    return DeliveryTerms(
        UUID(stored["phase_id"]),
        Decimal(stored["tolerance_percent"]),
        Bearer(stored["over"]),
        Bearer(stored["under"]),
    )


def _cost_line(stored: dict[str, Any]) -> CostLine:
    actual, charged, terms = stored.get("actual"), stored.get("charged"), stored.get("delivery")
    return CostLine(
        what=CostKind(stored["what"]),
        description=stored["description"],
        quantity=Decimal(stored["quantity"]),
        unit_cost=Decimal(stored["unit_cost"]),
        supplier=stored["supplier"],
        terms=stored["terms"],
        actual=_decimal(actual),
        delivery=_delivery_terms(terms) if terms else None,
        charged=_decimal(charged),
        phase_id=UUID(stored["phase_id"]) if "phase_id" in stored else None,
        given_up=stored.get("given_up", False),
    )


def _economics(row: asyncpg.Record) -> Economics:
    return Economics(
        cost=row["cost"],
        unit_price=row["unit_price"],
        supplier=row["supplier"],
        materials=row["materials"],
        technical_sheet=row["technical_sheet"],
        vat_code=row["vat_code"],
        price_reason=row["price_reason"],
        cost_lines=tuple(_cost_line(each) for each in row["cost_lines"]),
        sheet=_sheet(row["sheet"]),
        given_up=row.get("given_up"),
    )


def _price_policy(row: asyncpg.Record) -> PricePolicy:
    return PricePolicy(_plain(row["tolerance_percent"]), row["version"], row["process"])


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
        unit=row["phase_unit"],
        factor=_plain(row["factor"]),
        lost=None if row["lost"] is None else _plain(row["lost"]),
        loss_reason=row["loss_reason"],
        starts_on_parts=row["starts_on_parts"],
        needs_proof=row["needs_proof"],
        proof_missing=row["proof_missing"],
        made_so_far=None if row["made_so_far"] is None else _plain(row["made_so_far"]),
        share=None if row["share"] is None else _plain(row["share"]),
        share_number=row["share_number"],
        planned=Period(row["planned_start"], row["planned_end"]) if row["planned_end"] else None,
        outside=Outside(
            row["finisher"],
            _plain(row["sent_outside"] or Decimal(0)),
            CameBack(_plain(row["good_back"] or Decimal(0)), _plain(row["scrap_back"] or Decimal(0))),
            CameBack(_plain(row["good_before"]), _plain(row["scrap_before"])),
        ),
    )


def _board_row(row: asyncpg.Record) -> BoardRow:
    known = row["assignee_name"] is not None
    return BoardRow(
        phase=_phase(row),
        job_id=row["job_id"],
        order_id=row["order_id"],
        order_number=row["order_number"],
        title=row["title"],
        description=row["description"],
        quantity=_plain(row["ordered"]),
        unit=row["unit"],
        due=row["due"],
        lateness=Lateness(row["lateness"]),
        assignee=Assignee(row["assignee_name"], row["assignee_active"]) if known else None,
        job_state=JobState(row["job_state"]),
        order_state=OrderState(row["order_state"]),
    )


def _task(row: asyncpg.Record) -> Task:
    phase = _phase(row)
    return Task(
        phase=phase,
        description=row["description"],
        quantity=_plain(row["ordered"]),
        unit=row["unit"],
        tolerance_percent=row["tolerance_percent"],
        technical_sheet=row["technical_sheet"],
        sheet=_sheet(row["sheet"]),
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
        item=Item(None, row["kind"], row["description"], _plain(row["ordered"]), row["unit"], ()),
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
        quantity=_decimal(told["made"]),
        factor=Decimal(told["factor"]),
        made_so_far=_decimal(told["made_so_far"]),
        share=_decimal(told["share"]),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
