"""Stores webhooks in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork

from ..domain.competence import ReadScope
from ..domain.webhooks import Attempt, SealedSecret, Webhook
from .postgres import QUERIES

_OVERDUE = timedelta(minutes=1)


class PostgresWebhooks:
    """Implements `ports.Webhooks` on one transaction."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_all(self) -> None:
        await self._work.execute(QUERIES.lock_webhooks)

    async def count(self) -> int:
        number: int = await self._work.fetchval(QUERIES.count_webhooks)
        return number

    async def page(self, *, after: UUID | None, limit: int) -> Sequence[Webhook]:
        return [
            _webhook(row) for row in await self._work.fetch(QUERIES.list_webhooks, after=after, limit=limit)
        ]

    async def find(self, webhook_id: UUID) -> Webhook | None:
        return _webhook_or_none(await self._work.fetchrow(QUERIES.find_webhook, id=webhook_id))

    async def lock(self, webhook_id: UUID) -> Webhook | None:
        return _webhook_or_none(await self._work.fetchrow(QUERIES.lock_webhook, id=webhook_id))

    async def find_by_url(self, url: str) -> Webhook | None:
        return _webhook_or_none(await self._work.fetchrow(QUERIES.find_webhook_by_url, url=url))

    async def behind(self) -> Sequence[Webhook]:
        overdue = self._work.now - _OVERDUE
        return [
            _webhook(row) for row in await self._work.fetch(QUERIES.list_webhooks_behind, overdue=overdue)
        ]

    async def insert(self, webhook: Webhook) -> None:
        self._work.write(QUERIES.insert_webhook, **_columns(webhook))

    async def update(self, webhook: Webhook) -> None:
        self._work.write(QUERIES.update_webhook, **_columns(webhook))

    async def delete(self, webhook_id: UUID) -> None:
        self._work.write(QUERIES.delete_webhook, id=webhook_id)

    async def secrets(self, webhook_id: UUID) -> Sequence[SealedSecret]:
        rows = await self._work.fetch(QUERIES.list_webhook_secrets, webhook_id=webhook_id)
        return [SealedSecret(**row) for row in rows]

    async def count_secrets(self, webhooks: Sequence[UUID]) -> Mapping[UUID, int]:
        rows = await self._work.fetch(QUERIES.count_webhook_secrets, webhooks=webhooks)
        return {row["webhook_id"]: row["secrets"] for row in rows}

    async def insert_secret(self, webhook_id: UUID, secret: SealedSecret) -> None:
        self._work.write(
            QUERIES.insert_webhook_secret,
            webhook_id=webhook_id,
            id=secret.id,
            sealed=secret.sealed,
            created_at=secret.created_at,
        )

    async def delete_secret(self, webhook_id: UUID, secret_id: UUID) -> None:
        self._work.write(QUERIES.delete_webhook_secret, webhook_id=webhook_id, id=secret_id)

    async def note(self, attempt: Attempt) -> None:
        self._work.write(
            QUERIES.insert_webhook_attempt,
            id=attempt.id,
            webhook_id=attempt.webhook_id,
            event_id=attempt.event_id,
            number=attempt.number,
            type=attempt.type,
            replay=attempt.replay,
            attempted_at=attempt.attempted_at,
            outcome=attempt.outcome,
            status=attempt.status,
            latency_ms=attempt.latency_ms,
            answer=attempt.answer,
        )

    async def attempts(
        self, webhook_id: UUID, scope: ReadScope, *, delivered: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Attempt]:
        rows = await self._work.fetch(
            QUERIES.list_webhook_attempts,
            webhook_id=webhook_id,
            brief_prices=scope.brief_prices,
            budgets=scope.budgets,
            economics=scope.economics,
            delivered=delivered,
            before=before,
            limit=limit,
        )
        return [Attempt(**row) for row in rows]

    async def find_attempt(self, webhook_id: UUID, attempt_id: UUID, scope: ReadScope) -> Attempt | None:
        row = await self._work.fetchrow(QUERIES.find_webhook_attempt, webhook_id=webhook_id, id=attempt_id)
        attempt = Attempt(**row) if row is not None else None
        return attempt if attempt is not None and scope.shows_type(attempt.type) else None

    async def delete_attempts(self, before: datetime) -> None:
        self._work.write(QUERIES.delete_webhook_attempts, before=before)

    async def privileges_of(self, owner_id: UUID) -> frozenset[str] | None:
        owner = await self._work.fetchrow(QUERIES.find_owner, owner_id=owner_id)
        if owner is None:
            return None
        if not owner["active"]:
            return frozenset()
        if owner["scopes"] is not None:
            return frozenset(owner["scopes"])
        rows = await self._work.fetch(QUERIES.list_privileges_of_roles, keys=owner["roles"])
        return frozenset(privilege for row in rows for privilege in row["privileges"])


def _columns(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "owner_id": webhook.owner_id,
        "privileges": sorted(webhook.privileges),
        "url": webhook.url,
        "types": list(webhook.types),
        "description": webhook.description,
        "position": webhook.position,
        "state": webhook.state,
        "disabled_because": webhook.disabled_because,
        "failures": webhook.failures,
        "retry_at": webhook.retry_at,
        "version": webhook.version,
    }


def _webhook(row: asyncpg.Record) -> Webhook:
    return Webhook(**{**row, "privileges": frozenset(row["privileges"]), "types": tuple(row["types"])})


def _webhook_or_none(row: asyncpg.Record | None) -> Webhook | None:
    return None if row is None else _webhook(row)
