"""Price policies and amendments in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..domain.amendments import Amendment, AmendmentState
from ..domain.economics import STRICT, PricePolicy
from .rows import plain, read_other_quantity, stored_deliveries

QUERIES: Final = load_queries(__package__)


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
            deliveries_after=stored_deliveries(other.deliveries) if other else None,
            deliveries_before=stored_deliveries(other.deliveries_before) if other else None,
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


def _amendment(row: asyncpg.Record) -> Amendment:
    asked = {name: value for name, value in row.items() if name not in _OF_OTHER_QUANTITY}
    return Amendment(
        **{
            **asked,
            "quantity": plain(row["quantity"]),
            "state": AmendmentState(row["state"]),
            "other": read_other_quantity(row),
        }
    )


_OF_OTHER_QUANTITY: Final = frozenset(
    {"quantity_after", "confirmed_before", "deliveries_after", "deliveries_before"}
)


def _price_policy(row: asyncpg.Record) -> PricePolicy:
    return PricePolicy(plain(row["tolerance_percent"]), row["version"], row["process"])
