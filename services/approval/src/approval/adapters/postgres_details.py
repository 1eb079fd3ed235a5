"""What belongs to an approval, in PostgreSQL: links of e-mails, evidence, comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    Comment,
    Document,
    Link,
)
from ..domain.erasure import UNNAMED
from .rows import OLDEST

QUERIES = load_queries(__package__ or "approval.adapters")


class PostgresLinks:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def offer(self, links: Sequence[Link], now: datetime) -> list[UUID]:
        rows = await self._work.fetch(
            QUERIES.insert_links,
            link_ids=[link.id for link in links],
            approval_ids=[link.approval_id for link in links],
            steps=[link.step for link in links],
            rounds=[link.round for link in links],
            people=[link.person_id for link in links],
            expiries=[link.expires_at for link in links],
            created_at=now,
        )
        return [row["link_id"] for row in rows]

    async def find(self, link_id: UUID) -> Link | None:
        return _link(await self._work.fetchrow(QUERIES.find_link, link_id=link_id))

    async def lock(self, link_id: UUID) -> Link | None:
        return _link(await self._work.fetchrow(QUERIES.lock_link, link_id=link_id))

    async def of_part(self, approval_id: UUID, step: str, round_: int, person_id: UUID) -> Link | None:
        return _link(
            await self._work.fetchrow(
                QUERIES.find_link_of_part,
                approval_id=approval_id,
                step=step,
                round=round_,
                person_id=person_id,
            )
        )

    async def use(self, link_id: UUID, at: datetime) -> None:
        self._work.write(QUERIES.use_link, link_id=link_id, at=at)


class PostgresEvidence:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, document: Document, data: bytes, now: datetime) -> None:
        self._work.write(
            QUERIES.insert_evidence,
            evidence_id=document.id,
            approval_id=document.approval_id,
            person_id=document.person_id,
            name=document.name,
            media_type=document.media_type,
            size=document.size,
            sha256=document.sha256,
            data=data,
            now=now,
        )

    async def count(self, approval_id: UUID, person_id: UUID) -> int:
        found: int = await self._work.fetchval(
            QUERIES.count_evidence, approval_id=approval_id, person_id=person_id
        )
        return found

    async def named(self, approval_id: UUID, ids: list[UUID]) -> list[Document]:
        rows = await self._work.fetch(QUERIES.list_evidence, approval_id=approval_id, evidence_ids=ids)
        return [_evidence(row) for row in rows]

    async def erase_names(self, person_id: UUID) -> None:
        self._work.write(QUERIES.update_names_of_evidence, person_id=person_id, name=UNNAMED)

    async def read(self, approval_id: UUID, evidence_id: UUID) -> tuple[Document, bytes] | None:
        row = await self._work.fetchrow(
            QUERIES.find_evidence, approval_id=approval_id, evidence_id=evidence_id
        )
        return (_evidence(row), row["data"]) if row else None


class PostgresComments:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, comment: Comment) -> None:
        self._work.write(
            QUERIES.insert_comment,
            comment_id=comment.id,
            approval_id=comment.approval_id,
            step=comment.step,
            person_id=comment.person_id,
            text=comment.text,
            to_person_id=comment.to_person,
            written_at=comment.written_at,
        )

    async def lock(self, approval_id: UUID, comment_id: UUID) -> Comment | None:
        row = await self._work.fetchrow(QUERIES.lock_comment, approval_id=approval_id, comment_id=comment_id)
        return Comment(*row.values()) if row else None

    async def save_answer(self, comment: Comment) -> None:
        self._work.write(
            QUERIES.update_answer,
            comment_id=comment.id,
            answer=comment.answer,
            answered_by=comment.answered_by,
            answered_at=comment.answered_at,
        )

    async def page(self, approval_id: UUID, after: UUID | None, limit: int) -> list[Comment]:
        rows = await self._work.fetch(
            QUERIES.list_comments, approval_id=approval_id, after=after or OLDEST, limit=limit
        )
        return [Comment(*row.values()) for row in rows]

    async def erase_texts(self, person_id: UUID) -> None:
        self._work.write(QUERIES.update_texts_of_comments, person_id=person_id)


def _link(row: asyncpg.Record | None) -> Link | None:
    if row is None:
        return None
    return Link(
        id=row["link_id"],
        approval_id=row["approval_id"],
        step=row["step"],
        round=row["round"],
        person_id=row["person_id"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
    )


def _evidence(row: asyncpg.Record) -> Document:
    return Document(
        id=row["evidence_id"],
        approval_id=row["approval_id"],
        person_id=row["person_id"],
        name=row["name"],
        media_type=row["media_type"],
        size=row["size"],
        sha256=row["sha256"],
    )
