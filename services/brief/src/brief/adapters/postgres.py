"""Briefs in PostgreSQL. Implements `application.ports.Briefs` on one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from optima_contracts.money import money_text
from optima_kit.db import UnitOfWork
from optima_kit.directory import Directory
from optima_kit.sql import load_queries

from ..application.ports import Filters, Ports, PricedRevision, StoredFile, Summary, UnreadComments
from ..domain.brief import Brief, Revision
from ..domain.comments import Comment, Version
from ..domain.content import Attachment, Content
from ..domain.lifecycle import Cause, State, Transition
from ..domain.pricing import PriceLine, Pricing
from ..domain.progress import ItemJob, Shipment, ShipmentState
from .postgres_budgets import PostgresBudgets
from .postgres_catalogue import PostgresCatalogue
from .postgres_proofs import PostgresProofs
from .postgres_purchases import PostgresPurchases
from .postgres_quotations import PostgresQuotations
from .postgres_templates import PostgresTemplates
from .postgres_types import PostgresTypes

QUERIES = load_queries(__package__ or "brief.adapters")


def ports_on(work: UnitOfWork) -> Ports:
    return Ports(
        briefs=PostgresBriefs(work),
        quotations=PostgresQuotations(work),
        types=PostgresTypes(work),
        progress=PostgresProgress(work),
        proofs=PostgresProofs(work),
        budgets=PostgresBudgets(work),
        purchases=PostgresPurchases(work),
        catalogue=PostgresCatalogue(work),
        templates=PostgresTemplates(work),
        directory=Directory(work),
        outbox=work.outbox,
        jobs=work.jobs,
        now=work.now,
    )


class PostgresBriefs:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def next_brief_number(self, year: int) -> int:
        number: int = await self._work.fetchval(QUERIES.next_brief_number, year=year)
        return number

    async def insert_brief(self, brief: Brief) -> None:
        assert brief.draft is not None
        (transition,) = brief.transitions
        self._work.write(
            QUERIES.insert_brief,
            brief_id=brief.brief_id,
            number=brief.number,
            requester_id=brief.requester_id,
            requester_name=brief.requester_name,
            unit_id=brief.unit_id,
            state=brief.state,
            cause=brief.cause,
            draft=brief.draft.as_json(),
            type_key=brief.draft.type_key,
            revision=brief.revision,
            version=brief.version,
            at=brief.drafted_at,
            actor_id=transition.actor_id,
            on_behalf_of=transition.on_behalf_of,
        )
        brief.transitions.clear()

    async def find_brief(self, brief_id: UUID) -> Brief | None:
        row = await self._work.fetchrow(QUERIES.find_brief, brief_id=brief_id)
        return _brief(row) if row else None

    async def lock_brief(self, brief_id: UUID) -> Brief | None:
        row = await self._work.fetchrow(QUERIES.lock_brief, brief_id=brief_id)
        if row is None:
            return None
        # The joined revision or prices are missing if they were added while this waited for the lock.
        # Revisions and prices never change, so nothing else that was joined can be outdated.
        lacks_revision = row["submitted_revision"] is not None and row["content"] is None
        lacks_prices = row["pricing_id"] is not None and row["lines"] is None
        return await self.find_brief(brief_id) if lacks_revision or lacks_prices else _brief(row)

    async def lock_briefs_under_way_of(self, requester_id: UUID) -> list[UUID]:
        rows = await self._work.fetch(QUERIES.lock_briefs_under_way_of, requester_id=requester_id)
        return [row["brief_id"] for row in rows]

    async def update_brief(self, brief: Brief) -> None:
        self._work.write(
            QUERIES.update_brief,
            brief_id=brief.brief_id,
            state=brief.state,
            cause=brief.cause,
            reason=brief.reason,
            revision=brief.revision,
            version=brief.version,
            draft=brief.draft.as_json() if brief.draft else None,
            submitted_revision=brief.submitted.revision if brief.submitted else None,
            pricing_id=brief.pricing.pricing_id if brief.pricing else None,
            approval_id=brief.approval_id,
            order_id=brief.order_id,
            changed_at=brief.changed_at,
            requester_id=brief.requester_id,
            requester_name=brief.requester_name,
            move_ats=[transition.at for transition in brief.transitions],
            move_from_states=[transition.from_state for transition in brief.transitions],
            move_to_states=[transition.to_state for transition in brief.transitions],
            move_revisions=[transition.revision for transition in brief.transitions],
            move_causes=[transition.cause for transition in brief.transitions],
            move_reasons=[transition.reason for transition in brief.transitions],
            move_actor_ids=[transition.actor_id for transition in brief.transitions],
            move_on_behalf_ofs=[transition.on_behalf_of for transition in brief.transitions],
        )
        brief.transitions.clear()

    async def insert_revision(self, brief_id: UUID, revision: Revision) -> None:
        prices = {str(item_id): money_text(price) for item_id, price in revision.proposed_prices.items()}
        self._work.write(
            QUERIES.insert_revision,
            brief_id=brief_id,
            revision=revision.revision,
            content=revision.content.as_json(),
            content_hash=revision.content_hash,
            process=revision.process,
            submitted_at=revision.submitted_at,
            submitted_by=revision.submitted_by,
            proposed_prices=prices,
            attachment_ids=[file.attachment_id for file in revision.content.attachments],
        )

    async def insert_pricing(self, brief_id: UUID, pricing: Pricing) -> None:
        self._work.write(
            QUERIES.insert_pricing,
            pricing_id=pricing.pricing_id,
            brief_id=brief_id,
            revision=pricing.revision,
            lines=[line.model_dump(mode="json") for line in pricing.lines],
            total=pricing.total,
            content_hash=pricing.content_hash,
            priced_at=pricing.priced_at,
            priced_by=pricing.priced_by,
        )

    async def insert_file(self, brief_id: UUID, attachment: Attachment, data: bytes) -> None:
        self._work.write(
            QUERIES.insert_file,
            attachment_id=attachment.attachment_id,
            brief_id=brief_id,
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
            sha256=attachment.sha256,
            data=data,
        )

    async def delete_unfrozen_file(self, attachment_id: UUID) -> None:
        self._work.write(QUERIES.delete_unfrozen_file, attachment_id=attachment_id)

    async def find_file(self, brief_id: UUID, attachment_id: UUID) -> StoredFile | None:
        row = await self._work.fetchrow(QUERIES.find_file, brief_id=brief_id, attachment_id=attachment_id)
        if row is None:
            return None
        attachment = Attachment(**{name: row[name] for name in Attachment.model_fields})
        return StoredFile(attachment, row["data"], row["frozen"])

    async def insert_comment(self, brief_id: UUID, comment: Comment) -> None:
        self._work.write(
            QUERIES.insert_comment,
            comment_id=comment.comment_id,
            brief_id=brief_id,
            author_id=comment.author_id,
            author_name=comment.author_name,
            text=comment.text,
            at=comment.at,
            mentioned_ids=list(comment.mentioned_ids),
        )

    async def find_comment(self, brief_id: UUID, comment_id: UUID) -> Comment | None:
        row = await self._work.fetchrow(QUERIES.find_comment, brief_id=brief_id, comment_id=comment_id)
        return _comment(row) if row else None

    async def insert_comment_edit(self, brief_id: UUID, comment: Comment) -> None:
        self._work.write(
            QUERIES.insert_comment_edit,
            brief_id=brief_id,
            comment_id=comment.comment_id,
            text=comment.text,
            mentioned_ids=list(comment.mentioned_ids),
            at=comment.edited_at,
        )

    async def upsert_comments_read(
        self, brief_id: UUID, person_id: UUID, comment_id: UUID, now: datetime
    ) -> bool:
        moved = await self._work.fetchval(
            QUERIES.upsert_comments_read,
            brief_id=brief_id,
            person_id=person_id,
            comment_id=comment_id,
            read_at=now,
        )
        return moved is not None

    async def list_unread_comments(
        self, person_id: UUID, brief_ids: Sequence[UUID], most: int
    ) -> Mapping[UUID, UnreadComments]:
        rows = await self._work.fetch(
            QUERIES.list_unread_comments, person_id=person_id, brief_ids=list(brief_ids), most=most
        )
        return {row["brief_id"]: UnreadComments(row["comments"], row["read_until"]) for row in rows}

    async def list_briefs(
        self, filters: Filters, after: tuple[date | None, UUID] | None, limit: int, *, by_deadline: bool
    ) -> list[Summary]:
        by_words = filters.text is not None and filters.reads_all
        last_deadline, last_id = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_briefs_by_words if by_words else QUERIES.list_briefs,
            **asdict(filters),
            by_deadline=by_deadline,
            last_deadline=last_deadline,
            last_id=last_id,
            limit=limit,
        )
        return [_summary(row) for row in rows]

    async def count_briefs(
        self, filters: Filters, states: Sequence[State], most: int
    ) -> list[tuple[State, int]]:
        asked = {name: value for name, value in asdict(filters).items() if name not in ("text", "states")}
        rows = await self._work.fetch(QUERIES.count_briefs, **asked, asked_states=states, most=most)
        return [(State(row["state"]), row["briefs"]) for row in rows]

    async def list_comments(self, brief_id: UUID, after: UUID | None, limit: int) -> list[Comment]:
        rows = await self._work.fetch(QUERIES.list_comments, brief_id=brief_id, after=after, limit=limit)
        return [_comment(row) for row in rows]

    async def list_transitions(self, brief_id: UUID, after: int, limit: int) -> list[tuple[int, Transition]]:
        rows = await self._work.fetch(QUERIES.list_moves, brief_id=brief_id, after=after, limit=limit)
        return [(row["move"], _transition(row)) for row in rows]

    async def list_revisions(self, brief_id: UUID, after: int, limit: int) -> list[PricedRevision]:
        rows = await self._work.fetch(QUERIES.list_revisions, brief_id=brief_id, after=after, limit=limit)
        return [_priced_revision(row) for row in rows]

    async def find_revision(self, brief_id: UUID, revision: int) -> PricedRevision | None:
        found = await self.list_revisions(brief_id, revision - 1, 1)
        return found[0] if found and found[0].revision.revision == revision else None


class PostgresProgress:
    """Implements `application.ports.Progress`."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def upsert_ordered(
        self, brief_id: UUID, jobs: Sequence[tuple[UUID, UUID | None, Decimal]], *, changed: bool = False
    ) -> None:
        self._work.write(
            QUERIES.upsert_ordered_now if changed else QUERIES.upsert_ordered,
            brief_id=brief_id,
            job_ids=[job_id for job_id, _, _ in jobs],
            item_ids=[item_id for _, item_id, _ in jobs],
            quantities=[quantity for _, _, quantity in jobs],
        )

    def upsert_produced(self, brief_id: UUID, job_id: UUID, quantity: Decimal) -> None:
        self._work.write(QUERIES.upsert_produced, brief_id=brief_id, job_id=job_id, quantity=quantity)

    def upsert_closed(self, brief_id: UUID, job_id: UUID, shipped: Decimal) -> None:
        self._work.write(QUERIES.upsert_closed, brief_id=brief_id, job_id=job_id, shipped=shipped)

    def upsert_valued(self, brief_id: UUID, unit_prices: Mapping[UUID, Decimal]) -> None:
        self._work.write(
            QUERIES.upsert_valued,
            brief_id=brief_id,
            job_ids=list(unit_prices),
            unit_prices=list(unit_prices.values()),
        )

    def upsert_shipment(self, brief_id: UUID, shipment: Shipment, sequence: int) -> None:
        self._work.write(
            QUERIES.upsert_shipment,
            brief_id=brief_id,
            shipment_id=shipment.shipment_id,
            state=shipment.state,
            sequence=sequence,
            quantities={str(job_id): str(quantity) for job_id, quantity in shipment.quantities.items()},
            ddt_number=shipment.ddt_number,
            issued_on=shipment.issued_on,
            delivered_at=shipment.delivered_at,
        )

    async def list_jobs(self, brief_id: UUID) -> list[ItemJob]:
        return [ItemJob(**row) for row in await self._work.fetch(QUERIES.list_item_jobs, brief_id=brief_id)]

    async def list_shipments(self, brief_id: UUID) -> list[Shipment]:
        return [
            Shipment(
                shipment_id=row["shipment_id"],
                state=ShipmentState(row["state"]),
                quantities={UUID(job): Decimal(quantity) for job, quantity in row["quantities"].items()},
                ddt_number=row["ddt_number"],
                issued_on=row["issued_on"],
                delivered_at=row["delivered_at"],
            )
            for row in await self._work.fetch(QUERIES.list_shipments, brief_id=brief_id)
        ]


def _comment(row: asyncpg.Record) -> Comment:
    said = [(row["text"], row["at"]), *zip(row["edits"], row["edited"], strict=True)]
    text, at = said.pop()
    return Comment(
        comment_id=row["comment_id"],
        author_id=row["author_id"],
        author_name=row["author_name"],
        text=text,
        at=row["at"],
        mentioned_ids=tuple(row["mentioned_ids"]),
        edited_at=at if said else None,
        earlier=tuple(Version(*each) for each in said),
    )


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
        unit_id=row["unit_id"],
        type_key=row["type_key"],
        drafted_at=row["drafted_at"],
        changed_at=row["changed_at"],
        priced=row["priced"],
        sorted_deadline=row["deadline"],
    )


def _transition(row: asyncpg.Record) -> Transition:
    return Transition(
        at=row["at"],
        from_state=State(row["from_state"]) if row["from_state"] else None,
        to_state=State(row["to_state"]),
        revision=row["revision"],
        cause=Cause(row["cause"]),
        reason=row["reason"],
        actor_id=row["actor_id"],
        on_behalf_of=row["on_behalf_of"],
    )
