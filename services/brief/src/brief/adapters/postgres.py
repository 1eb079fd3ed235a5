"""Briefs in PostgreSQL. Implements `application.ports.Briefs` on one transaction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from optima_kit.db import Connection, UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import Comment, Filters, Ports, PricedRevision, StoredFile, Summary
from ..domain.brief import Brief, Revision
from ..domain.content import Attachment, Content, plain_money
from ..domain.lifecycle import Cause, Move, State
from ..domain.pricing import PriceLine, Pricing

QUERIES = load_queries(__package__ or "brief.adapters")

NEWEST = UUID(int=2**128 - 1)
"""Comes after every brief's id."""


def ports_on(work: UnitOfWork) -> Ports:
    return Ports(briefs=PostgresBriefs(work.connection), outbox=work.outbox, now=work.now)


class PostgresBriefs:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def next_number(self, year: int) -> int:
        number: int = await self._connection.fetchval(QUERIES.next_brief_number, year)
        return number

    async def add(self, brief: Brief) -> None:
        assert brief.draft is not None
        (move,) = brief.moves
        await self._connection.execute(
            QUERIES.add_brief,
            brief.brief_id,
            brief.number,
            brief.requester_id,
            brief.requester_name,
            brief.unit_id,
            brief.state,
            brief.cause,
            brief.draft.as_json(),
            brief.revision,
            brief.version,
            brief.drafted_at,
            move.actor_id,
            move.on_behalf_of,
        )
        brief.moves.clear()

    async def find(self, brief_id: UUID) -> Brief | None:
        row = await self._connection.fetchrow(QUERIES.read_brief, brief_id)
        return _brief(row) if row else None

    async def lock(self, brief_id: UUID) -> Brief | None:
        if await self._connection.fetchrow(QUERIES.hold_brief, brief_id) is None:
            return None
        return await self.find(brief_id)

    async def under_way_of(self, requester_id: UUID) -> list[UUID]:
        rows = await self._connection.fetch(QUERIES.hold_briefs_under_way_of, requester_id)
        return [row["brief_id"] for row in rows]

    async def save(self, brief: Brief) -> None:
        await self._connection.execute(
            QUERIES.save_brief,
            brief.brief_id,
            brief.state,
            brief.cause,
            brief.reason,
            brief.revision,
            brief.version,
            brief.draft.as_json() if brief.draft else None,
            brief.submitted.revision if brief.submitted else None,
            brief.pricing.pricing_id if brief.pricing else None,
            brief.approval_id,
            brief.order_id,
            brief.changed_at,
            [move.at for move in brief.moves],
            [move.from_state for move in brief.moves],
            [move.to_state for move in brief.moves],
            [move.revision for move in brief.moves],
            [move.cause for move in brief.moves],
            [move.reason for move in brief.moves],
            [move.actor_id for move in brief.moves],
            [move.on_behalf_of for move in brief.moves],
            brief.requester_id,
            brief.requester_name,
        )
        brief.moves.clear()

    async def freeze(self, brief_id: UUID, revision: Revision) -> None:
        await self._connection.execute(
            QUERIES.freeze_revision,
            brief_id,
            revision.revision,
            revision.content.as_json(),
            revision.content_hash,
            revision.process,
            revision.submitted_at,
            revision.submitted_by,
            {str(item_id): plain_money(price) for item_id, price in revision.proposed_prices.items()},
            [file.attachment_id for file in revision.content.attachments],
        )

    async def add_pricing(self, brief_id: UUID, pricing: Pricing) -> None:
        await self._connection.execute(
            QUERIES.add_pricing,
            pricing.pricing_id,
            brief_id,
            pricing.revision,
            [line.model_dump(mode="json") for line in pricing.lines],
            pricing.total,
            pricing.content_hash,
            pricing.priced_at,
            pricing.priced_by,
        )

    async def add_file(self, brief_id: UUID, attachment: Attachment, data: bytes) -> None:
        await self._connection.execute(
            QUERIES.add_file,
            attachment.attachment_id,
            brief_id,
            attachment.name,
            attachment.media_type,
            attachment.size,
            attachment.sha256,
            data,
        )

    async def drop_unfrozen_file(self, attachment_id: UUID) -> None:
        await self._connection.execute(QUERIES.drop_unfrozen_file, attachment_id)

    async def file(self, brief_id: UUID, attachment_id: UUID) -> StoredFile | None:
        row = await self._connection.fetchrow(QUERIES.read_file, brief_id, attachment_id)
        if row is None:
            return None
        attachment = Attachment(**{name: row[name] for name in Attachment.model_fields})
        return StoredFile(attachment, row["data"], row["frozen"])

    async def add_comment(self, brief_id: UUID, comment: Comment) -> None:
        await self._connection.execute(
            QUERIES.add_comment,
            comment.comment_id,
            brief_id,
            comment.author_id,
            comment.author_name,
            comment.text,
            comment.at,
        )

    async def summaries(self, filters: Filters, limit: int) -> list[Summary]:
        where: list[Any] = [filters.reader_id, filters.before or NEWEST, limit, filters.text]
        if filters.own_only or not filters.reads_all:
            rows = await self._connection.fetch(QUERIES.page_of_own_briefs, *where, filters.state)
        elif filters.state is not None:
            rows = await self._connection.fetch(QUERIES.page_of_briefs_in_state, *where, filters.state)
        else:
            rows = await self._connection.fetch(QUERIES.page_of_briefs, *where)
        return [_summary(row) for row in rows]

    async def comments(self, brief_id: UUID, after: UUID | None, limit: int) -> list[Comment]:
        rows = await self._connection.fetch(QUERIES.page_of_comments, brief_id, after, limit)
        return [Comment(**row) for row in rows]

    async def history(self, brief_id: UUID, after: int, limit: int) -> list[tuple[int, Move]]:
        rows = await self._connection.fetch(QUERIES.page_of_moves, brief_id, after, limit)
        return [(row["move"], _move(row)) for row in rows]

    async def revisions(self, brief_id: UUID, after: int, limit: int) -> list[PricedRevision]:
        rows = await self._connection.fetch(QUERIES.page_of_revisions, brief_id, after, limit)
        return [_priced_revision(row) for row in rows]

    async def revision(self, brief_id: UUID, revision: int) -> PricedRevision | None:
        found = await self.revisions(brief_id, revision - 1, 1)
        return found[0] if found and found[0].revision.revision == revision else None


def _brief(row: asyncpg.Record) -> Brief:
    submitted = row["submitted_revision"]
    return Brief(
        brief_id=row["brief_id"],
        number=row["number"],
        requester_id=row["requester_id"],
        requester_name=row["requester_name"],
        unit_id=row["unit_id"],
        drafted_at=row["drafted_at"],
        changed_at=row["changed_at"],
        state=State(row["state"]),
        cause=Cause(row["cause"]),
        reason=row["reason"],
        revision=row["revision"],
        version=row["version"],
        draft=Content.from_json(row["draft"]) if row["draft"] else None,
        submitted=_revision(row, submitted) if submitted is not None else None,
        pricing=_pricing(row, submitted),
        approval_id=row["approval_id"],
        order_id=row["order_id"],
    )


def _revision(row: asyncpg.Record, number: int) -> Revision:
    return Revision(
        revision=number,
        content=Content.from_json(row["content"]),
        content_hash=row["content_hash"],
        process=row["process"],
        submitted_at=row["submitted_at"],
        submitted_by=row["submitted_by"],
        proposed_prices={UUID(item): Decimal(price) for item, price in row["proposed_prices"].items()},
    )


def _priced_revision(row: asyncpg.Record) -> PricedRevision:
    return PricedRevision(_revision(row, row["revision"]), _pricing(row, row["revision"]))


def _pricing(row: asyncpg.Record, revision: int | None) -> Pricing | None:
    if row["pricing_id"] is None or revision is None:
        return None
    return Pricing(
        pricing_id=row["pricing_id"],
        revision=revision,
        lines=tuple(PriceLine.model_validate(line) for line in row["lines"]),
        total=row["total"],
        content_hash=row["priced_hash"],
        priced_at=row["priced_at"],
        priced_by=row["priced_by"],
    )


def _summary(row: asyncpg.Record) -> Summary:
    content = Content.from_json(row["shown"])
    return Summary(
        brief_id=row["brief_id"],
        number=row["number"],
        state=State(row["state"]),
        cause=Cause(row["cause"]),
        revision=row["revision"],
        title=content.title,
        category=content.category,
        budget=content.budget,
        deadline=content.deadline,
        requester_id=row["requester_id"],
        requester_name=row["requester_name"],
        drafted_at=row["drafted_at"],
        changed_at=row["changed_at"],
    )


def _move(row: asyncpg.Record) -> Move:
    return Move(
        at=row["at"],
        from_state=State(row["from_state"]) if row["from_state"] else None,
        to_state=State(row["to_state"]),
        revision=row["revision"],
        cause=Cause(row["cause"]),
        reason=row["reason"],
        actor_id=row["actor_id"],
        on_behalf_of=row["on_behalf_of"],
    )
