"""Proofs in PostgreSQL. Implements `application.ports.Proofs` on one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import PreviewPage
from ..domain.content import Attachment
from ..domain.proofs import Annotation, Area, PreviewState, Proof, ProofState, ProofVersion, Reply

QUERIES = load_queries(__package__ or "brief.adapters")


class PostgresProofs:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_proof(self, proof: Proof) -> None:
        self._work.write(
            QUERIES.insert_proof, proof_id=proof.proof_id, brief_id=proof.brief_id, title=proof.title
        )

    def insert_version(self, proof_id: UUID, version: ProofVersion, data: bytes) -> None:
        self._work.write(
            QUERIES.insert_proof_version,
            proof_id=proof_id,
            version=version.version,
            attachment_id=version.file.attachment_id,
            name=version.file.name,
            media_type=version.file.media_type,
            size=version.file.size,
            sha256=version.file.sha256,
            data=data,
            process=version.process,
            reviewer_ids=list(version.reviewer_ids),
            due_on=version.due_on,
            submitted_at=version.submitted_at,
            submitted_by=version.submitted_by,
            state=version.state,
            preview=version.preview,
            pages=version.pages,
        )

    def update_version(self, proof_id: UUID, version: ProofVersion) -> None:
        self._work.write(
            QUERIES.update_proof_version,
            proof_id=proof_id,
            version=version.version,
            state=version.state,
            approval_id=version.approval_id,
            reason=version.reason,
            ended_at=version.ended_at,
            ended_by=version.ended_by,
            preview=version.preview,
            pages=version.pages,
        )

    async def find_proof(self, proof_id: UUID) -> Proof | None:
        rows = await self._work.fetch(QUERIES.find_proof, proof_id=proof_id)
        return _proofs(rows)[0] if rows else None

    async def list_proofs(self, brief_id: UUID, after: UUID | None, limit: int) -> list[Proof]:
        return _proofs(
            await self._work.fetch(QUERIES.list_proofs, brief_id=brief_id, after=after, limit=limit)
        )

    async def find_file(self, proof_id: UUID, version: int) -> bytes | None:
        data: bytes | None = await self._work.fetchval(
            QUERIES.find_proof_file, proof_id=proof_id, version=version
        )
        return data

    def insert_pages(self, proof_id: UUID, version: int, pages: Sequence[PreviewPage]) -> None:
        for each in pages:
            self._work.write(
                QUERIES.insert_proof_page,
                proof_id=proof_id,
                version=version,
                page=each.page,
                width=each.width,
                height=each.height,
                image=each.image,
                thumbnail=each.thumbnail,
            )

    async def find_page(self, proof_id: UUID, version: int, page: int, *, thumbnail: bool) -> bytes | None:
        image: bytes | None = await self._work.fetchval(
            QUERIES.find_proof_page, proof_id=proof_id, version=version, page=page, thumbnail=thumbnail
        )
        return image

    def insert_annotation(self, annotation: Annotation) -> None:
        self._work.write(
            QUERIES.insert_annotation,
            annotation_id=annotation.annotation_id,
            proof_id=annotation.proof_id,
            version=annotation.version,
            page=annotation.page,
            area=annotation.area.model_dump(mode="json"),
            text=annotation.text,
            author_id=annotation.author_id,
            author_name=annotation.author_name,
            at=annotation.at,
        )

    def update_annotation(self, annotation: Annotation) -> None:
        self._work.write(
            QUERIES.update_annotation,
            annotation_id=annotation.annotation_id,
            resolved_at=annotation.resolved_at,
            resolved_by=annotation.resolved_by,
        )

    def insert_reply(self, annotation_id: UUID, reply: Reply) -> None:
        self._work.write(
            QUERIES.insert_reply,
            annotation_id=annotation_id,
            text=reply.text,
            author_id=reply.author_id,
            author_name=reply.author_name,
            at=reply.at,
        )

    async def find_annotation(self, annotation_id: UUID) -> Annotation | None:
        row = await self._work.fetchrow(QUERIES.find_annotation, annotation_id=annotation_id)
        return _annotation(row) if row else None

    async def list_annotations(
        self, proof_id: UUID, version: int, after: UUID | None, limit: int
    ) -> list[Annotation]:
        rows = await self._work.fetch(
            QUERIES.list_annotations, proof_id=proof_id, version=version, after=after, limit=limit
        )
        return [_annotation(row) for row in rows]


def _proofs(rows: Sequence[asyncpg.Record]) -> list[Proof]:
    """Build proofs from rows of their versions, in the same order."""
    return [
        Proof(proof_id, brief_id, title, [_version(row) for row in versions])
        for (proof_id, brief_id, title), versions in groupby(
            rows, lambda row: (row["proof_id"], row["brief_id"], row["title"])
        )
    ]


def _version(row: asyncpg.Record) -> ProofVersion:
    return ProofVersion(
        version=row["version"],
        file=Attachment(
            attachment_id=row["attachment_id"],
            name=row["name"],
            media_type=row["media_type"],
            size=row["size"],
            sha256=row["sha256"],
        ),
        process=row["process"],
        reviewer_ids=tuple(row["reviewer_ids"]),
        due_on=row["due_on"],
        submitted_at=row["submitted_at"],
        submitted_by=row["submitted_by"],
        state=ProofState(row["state"]),
        approval_id=row["approval_id"],
        reason=row["reason"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
        preview=PreviewState(row["preview"]),
        pages=row["pages"],
    )


def _annotation(row: asyncpg.Record) -> Annotation:
    said = zip(row["reply_texts"], row["reply_authors"], row["reply_names"], row["reply_ats"], strict=True)
    return Annotation(
        annotation_id=row["annotation_id"],
        proof_id=row["proof_id"],
        version=row["version"],
        page=row["page"],
        area=Area.model_validate(row["area"]),
        text=row["text"],
        author_id=row["author_id"],
        author_name=row["author_name"],
        at=row["at"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        replies=tuple(Reply(author, name, text, at) for text, author, name, at in said),
    )
