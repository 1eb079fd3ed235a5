"""Requests for quotation in PostgreSQL. Implements `application.ports.Quotations` on one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import RequestFilters
from ..domain.quotations import (
    Answer,
    AskedItem,
    Quotation,
    QuotationFile,
    QuotationRequest,
    Quote,
    RequestState,
)

QUERIES = load_queries(__package__ or "brief.adapters")
QUOTING: Final = [role for role in sorted(BUILT_IN_ROLES) if "quotation.submit" in privileges_of(role)]
"""The built-in roles whose people may quote."""


class PostgresQuotations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def insert_request(self, request: QuotationRequest) -> None:
        self._work.write(
            QUERIES.insert_request,
            request_id=request.request_id,
            brief_id=request.brief_id,
            revision=request.revision,
            title=request.title,
            note=request.note,
            items=[item.model_dump(mode="json") for item in request.items],
            needed_by=request.needed_by,
            due_at=request.due_at,
            asked_at=request.asked_at,
            asked_by=request.asked_by,
            version=request.version,
        )

    async def insert_quotations(self, request_id: UUID, quotations: Sequence[Quotation]) -> None:
        self._work.write(
            QUERIES.insert_quotations,
            request_id=request_id,
            quotation_ids=[each.quotation_id for each in quotations],
            supplier_ids=[each.supplier_id for each in quotations],
            asked_ats=[each.asked_at for each in quotations],
        )

    async def insert_answer(self, quotation: Quotation) -> None:
        answer = quotation.answer
        assert answer is not None
        self._work.write(
            QUERIES.insert_answer,
            quotation_id=quotation.quotation_id,
            version=quotation.version,
            at=answer.at,
            by=answer.by,
            quote=answer.quote.model_dump(mode="json") if answer.quote else None,
            reason=answer.reason,
        )

    async def update_request(self, request: QuotationRequest) -> None:
        self._work.write(
            QUERIES.update_request,
            request_id=request.request_id,
            version=request.version,
            settled=request.settled,
            reason=request.reason,
            awarded={str(item_id): str(chosen) for item_id, chosen in request.awarded.items()},
        )

    def insert_file(self, quotation_id: UUID, file: QuotationFile, data: bytes) -> None:
        self._work.write(
            QUERIES.insert_quotation_file,
            file_id=file.file_id,
            quotation_id=quotation_id,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            sha256=file.sha256,
            sent_at=file.sent_at,
            data=data,
        )

    def delete_file(self, file_id: UUID) -> None:
        self._work.write(QUERIES.delete_quotation_file, file_id=file_id)

    async def find_file_data(self, file_id: UUID) -> bytes | None:
        data: bytes | None = await self._work.fetchval(QUERIES.find_quotation_file_data, file_id=file_id)
        return data

    async def find_request(self, request_id: UUID) -> QuotationRequest | None:
        row = await self._work.fetchrow(QUERIES.find_request, request_id=request_id)
        if row is None:
            return None
        request = _request(row)
        rows = await self._work.fetch(
            QUERIES.list_quotations_of_request, request_id=request_id, built_in_roles=QUOTING
        )
        request.quotations = [_quotation(each) for each in rows]
        return request

    async def find_quotation(self, supplier_id: UUID, quotation_id: UUID) -> QuotationRequest | None:
        row = await self._work.fetchrow(
            QUERIES.find_quotation, supplier_id=supplier_id, quotation_id=quotation_id, built_in_roles=QUOTING
        )
        return _own(row) if row else None

    async def list_requests(self, filters: RequestFilters, limit: int) -> list[QuotationRequest]:
        rows = await self._work.fetch(
            QUERIES.list_requests,
            requester_id=filters.requester_id,
            reads_all=filters.reads_all,
            brief_id=filters.brief_id,
            open_only=filters.open_only,
            before=filters.before,
            limit=limit,
        )
        return [_request(row) for row in rows]

    async def list_quotations(
        self, supplier_id: UUID, *, open_only: bool, before: UUID | None, limit: int
    ) -> list[QuotationRequest]:
        rows = await self._work.fetch(
            QUERIES.list_quotations,
            supplier_id=supplier_id,
            built_in_roles=QUOTING,
            open_only=open_only,
            now=self._work.now,
            before=before,
            limit=limit,
        )
        return [_own(row) for row in rows]


def _own(row: asyncpg.Record) -> QuotationRequest:
    request = _request(row)
    request.quotations = [_quotation(row)]
    return request


def _request(row: asyncpg.Record) -> QuotationRequest:
    return QuotationRequest(
        request_id=row["request_id"],
        brief_id=row["brief_id"],
        number=row["number"],
        requester_id=row["requester_id"],
        revision=row["revision"],
        title=row["title"],
        note=row["note"],
        items=tuple(AskedItem.model_validate(item) for item in row["items"]),
        needed_by=row["needed_by"],
        due_at=row["due_at"],
        asked_at=row["asked_at"],
        asked_by=row["asked_by"],
        version=row["version"],
        settled=RequestState(row["settled"]),
        reason=row["reason"],
        current=row["current"],
        awarded={UUID(item_id): UUID(chosen) for item_id, chosen in row["awarded"].items()},
    )


def _quotation(row: asyncpg.Record) -> Quotation:
    answer = None
    if row["answers"] is not None:
        quote = Quote.model_validate(row["quote"]) if row["quote"] else None
        answer = Answer(row["at"], row["by"], quote, row["declined_because"])
    return Quotation(
        quotation_id=row["quotation_id"],
        supplier_id=row["supplier_id"],
        asked_at=row["supplier_asked_at"],
        version=row["answers"] or 0,
        answer=answer,
        files=[_file(each) for each in row["files"] or ()],
        supplier_left=row["supplier_left"],
    )


def _file(stored: dict[str, Any]) -> QuotationFile:
    told = stored | {
        "file_id": UUID(stored["file_id"]),
        "sent_at": datetime.fromisoformat(stored["sent_at"]),
    }
    return QuotationFile(**told)
