"""Orders with their jobs and phases in PostgreSQL. All statements are in queries.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    EconomicsEntry,
    KnownBrief,
    LockedPhase,
    OrderOfShipment,
)
from ..domain.changes import OrderChange
from ..domain.charges import DeliveryTerms
from ..domain.economics import CostLine, Economics
from ..domain.job import Job, Phase, RejectedAttempt
from ..domain.order import FullOrder, Order
from ..domain.outside import CameBack
from ..domain.sheets import SheetEntry
from ..domain.shipments import Shipment
from .rows import read_assignees, read_economics, read_jobs, read_lines, read_order, stored_deliveries

QUERIES: Final = load_queries(__package__)


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
            deliveries=[stored_deliveries(job.item.deliveries) for job in jobs],
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
        jobs = read_jobs(each for each in rows if each["id"] == row["job_id"])
        return LockedPhase(FullOrder(read_order(row), jobs, read_lines(rows)), phase_id, read_assignees(rows))

    async def lock_order_of_shipment(self, shipment: Shipment) -> OrderOfShipment | None:
        row = await self._work.fetchrow(QUERIES.lock_order, order_id=shipment.order_id)
        if row is None:
            return None
        rows = await self._work.fetch(
            QUERIES.list_lines_without_shipment, order_id=shipment.order_id, shipment_id=shipment.id
        )
        full = FullOrder(read_order(row), (), read_lines(rows), documents=True)
        return OrderOfShipment(full, rows[0]["known_sequence"], rows[0]["other_goods_out"])

    async def _full(self, row: asyncpg.Record) -> FullOrder:
        rows = await self._work.fetch(QUERIES.list_jobs, order_id=row["id"], job_id=None)
        return FullOrder(read_order(row), read_jobs(rows), read_lines(rows), documents=rows[0]["documents"])

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
            (row["entry"], EconomicsEntry(row["job_id"], row["set_at"], row["set_by"], read_economics(row)))
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
            deliveries=[stored_deliveries(job.item.deliveries) for job in jobs],
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
            deliveries_before=stored_deliveries(change.deliveries_before) if change.job_id else None,
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


def _stored_entry(entry: SheetEntry) -> dict[str, Any]:
    return {**asdict(entry), "type": entry.type.value}


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
