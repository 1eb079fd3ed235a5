"""Budgets in PostgreSQL. Implements `application.ports.Budgets` on one transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import BudgetFilters, ListedBudget, ListedCharge, ListedEntry
from ..domain.budgets import Budget, Change, Charge, Entry, EntryCause, Holder, Period
from ..domain.lifecycle import State

QUERIES = load_queries(__package__ or "brief.adapters")


class PostgresBudgets:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_holder(self, holder: Holder) -> None:
        await self._work.fetchval(QUERIES.lock_budget_holder, holder=_key_of(holder))

    async def has_overlap(self, holder: Holder, period: Period, *, without: UUID | None = None) -> bool:
        found = await self._work.fetchval(
            QUERIES.find_overlapping_budget,
            holder=_key_of(holder),
            period_from=period.first,
            period_to=period.last,
            without=without,
        )
        return found is not None

    async def is_charged(self, budget_id: UUID) -> bool:
        found: bool = await self._work.fetchval(QUERIES.is_charged, budget_id=budget_id)
        return found

    async def insert_budget(self, budget: Budget, entry: Entry) -> None:
        self._work.write(
            QUERIES.insert_budget,
            budget_id=budget.budget_id,
            name=budget.name,
            unit_id=budget.holder.unit_id,
            cost_centre=budget.holder.cost_centre,
            period_from=budget.period.first,
            period_to=budget.period.last,
            planned=budget.planned,
            blocking=budget.blocking,
            version=budget.version,
            at=entry.at,
            cause=entry.cause,
            reason=entry.reason,
            actor_id=entry.actor_id,
        )

    async def find_budget(self, budget_id: UUID) -> Budget | None:
        row = await self._work.fetchrow(QUERIES.find_budget, budget_id=budget_id)
        return _budget(row) if row else None

    async def lock_budget(self, budget_id: UUID) -> Budget | None:
        row = await self._work.fetchrow(QUERIES.lock_budget, budget_id=budget_id)
        return _budget(row) if row else None

    async def find_budget_of(self, holder: Holder, day: date) -> Budget | None:
        row = await self._work.fetchrow(QUERIES.find_budget_of_holder, holder=_key_of(holder), day=day)
        return _budget(row) if row else None

    async def lock_budget_of(self, holder: Holder, day: date) -> Budget | None:
        row = await self._work.fetchrow(QUERIES.lock_budget_of_holder, holder=_key_of(holder), day=day)
        return _budget(row) if row else None

    def update_budget(self, budget: Budget) -> None:
        self._work.write(
            QUERIES.update_budget,
            budget_id=budget.budget_id,
            period_from=budget.period.first,
            period_to=budget.period.last,
            planned=budget.planned,
            committed=budget.committed,
            spent=budget.spent,
            blocking=budget.blocking,
            version=budget.version,
        )

    def insert_entry(self, budget_id: UUID, entry: Entry) -> None:
        self._work.write(
            QUERIES.insert_budget_entry,
            budget_id=budget_id,
            at=entry.at,
            cause=entry.cause,
            brief_id=entry.brief_id,
            planned=entry.change.planned,
            committed=entry.change.committed,
            spent=entry.change.spent,
            reason=entry.reason,
            actor_id=entry.actor_id,
            on_behalf_of=entry.on_behalf_of,
        )

    def upsert_charge(self, charge: Charge) -> None:
        self._work.write(QUERIES.upsert_charge, **asdict(charge))

    async def find_charge(self, brief_id: UUID) -> Charge | None:
        row = await self._work.fetchrow(QUERIES.find_charge, brief_id=brief_id)
        return Charge(**row) if row else None

    async def lock_charge(self, brief_id: UUID) -> Charge | None:
        row = await self._work.fetchrow(QUERIES.lock_charge, brief_id=brief_id)
        return Charge(**row) if row else None

    async def list_uncovered(self, budget_id: UUID, limit: int) -> list[UUID]:
        rows = await self._work.fetch(QUERIES.list_uncovered_briefs, budget_id=budget_id, limit=limit)
        return [row["brief_id"] for row in rows]

    async def list_budgets(
        self,
        filters: BudgetFilters,
        after: tuple[date | None, Decimal | None, UUID] | None,
        limit: int,
        *,
        by_available: bool,
    ) -> list[ListedBudget]:
        last_from, last_available, last_id = after or (None, None, None)
        rows = await self._work.fetch(
            QUERIES.list_budgets,
            **asdict(filters),
            by_available=by_available,
            last_from=last_from,
            last_available=last_available,
            last_id=last_id,
            limit=limit,
        )
        return [ListedBudget(_budget(row), row["uncovered"]) for row in rows]

    async def list_entries(self, budget_id: UUID, before: int | None, limit: int) -> list[ListedEntry]:
        rows = await self._work.fetch(
            QUERIES.list_budget_entries, budget_id=budget_id, before=before, limit=limit
        )
        return [ListedEntry(row["entry"], _entry(row), row["number"], row["requester_id"]) for row in rows]

    async def list_charges(
        self, budget_id: UUID, before: UUID | None, limit: int, *, uncovered_only: bool
    ) -> list[ListedCharge]:
        rows = await self._work.fetch(
            QUERIES.list_budget_charges,
            budget_id=budget_id,
            before=before,
            limit=limit,
            uncovered_only=uncovered_only,
        )
        return [
            ListedCharge(
                charge=Charge(**{name: row[name] for name in Charge.__dataclass_fields__}),
                number=row["number"],
                title=row["title"],
                requester_id=row["requester_id"],
                state=State(row["state"]),
            )
            for row in rows
        ]

    async def list_cost_centres(self, day: date, after: str, limit: int) -> list[tuple[str, str]]:
        rows = await self._work.fetch(QUERIES.list_cost_centres, day=day, after=after, limit=limit)
        return [(row["cost_centre"], row["name"]) for row in rows]


def _key_of(holder: Holder) -> str:
    """Return the holder's key as the table's generated column computes it."""
    return f"unit {holder.unit_id}" if holder.unit_id else f"centre {holder.cost_centre}"


def _budget(row: asyncpg.Record) -> Budget:
    return Budget(
        budget_id=row["budget_id"],
        name=row["name"],
        holder=Holder(row["unit_id"], row["cost_centre"]),
        period=Period(row["period_from"], row["period_to"]),
        planned=row["planned"],
        committed=row["committed"],
        spent=row["spent"],
        blocking=row["blocking"],
        version=row["version"],
    )


def _entry(row: Any) -> Entry:
    return Entry(
        at=row["at"],
        cause=EntryCause(row["cause"]),
        change=Change(row["committed"], row["spent"], row["planned"]),
        brief_id=row["brief_id"],
        reason=row["reason"],
        actor_id=row["actor_id"],
        on_behalf_of=row["on_behalf_of"],
    )
