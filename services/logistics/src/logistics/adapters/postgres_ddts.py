"""DDTs in PostgreSQL, their series and sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import TypeAdapter

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    InvoiceableCustomer,
    InvoiceableFilter,
    InvoiceableRow,
    Invoicing,
)
from ..domain.ddt import Document, Series

QUERIES = load_queries(__package__)
_DOCUMENT = TypeAdapter(Document)


class PostgresDdts:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock_series(self, year: int, name: str) -> Series:
        row = await self._work.fetchrow(QUERIES.lock_series, year=year, series=name)
        assert row is not None
        return Series(year, name, row["last_progressive"], row["last_issue_date"])

    def insert_document(self, shipment_id: UUID, document: Document) -> None:
        self._work.write(
            QUERIES.insert_document,
            shipment_id=shipment_id,
            year=document.year,
            series=document.series,
            progressive=document.progressive,
            number=document.number,
            issue_date=document.issue_date,
            issued_at=document.issued_at,
            document=_DOCUMENT.dump_python(document, mode="json"),
        )

    async def list_documents(self, document_ids: Sequence[UUID]) -> Mapping[UUID, Document]:
        rows = await self._work.fetch(QUERIES.list_documents_named, document_ids=document_ids)
        return {row["shipment_id"]: _DOCUMENT.validate_python(row["document"]) for row in rows}

    async def find_document(self, document_id: UUID) -> Document | None:
        content = await self._work.fetchval(QUERIES.find_document, document_id=document_id)
        return None if content is None else _DOCUMENT.validate_python(content)

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> list[str]:
        rows = await self._work.fetch(QUERIES.list_ddt_numbers, shipment_ids=shipment_ids)
        return [row["number"] for row in rows]

    async def list_to_be_invoiced(
        self,
        filters: InvoiceableFilter,
        *,
        after: tuple[date, UUID] | None,
        limit: int,
    ) -> list[InvoiceableRow]:
        after_date, after_id = after or (None, None)
        rows = await self._work.fetch(
            QUERIES.list_to_be_invoiced,
            **asdict(filters),
            after_date=after_date,
            after_id=after_id,
            limit=limit,
        )
        return [
            InvoiceableRow(
                row["shipment_id"],
                _DOCUMENT.validate_python(row["document"]),
                {UUID(job_id): Decimal(quantity) for job_id, quantity in row["quantities"].items()},
                row["credit_note_number"],
            )
            for row in rows
        ]

    async def list_customers_to_be_invoiced(
        self, filters: InvoiceableFilter, limit: int
    ) -> list[InvoiceableCustomer]:
        rows = await self._work.fetch(QUERIES.list_customers_to_be_invoiced, **asdict(filters), limit=limit)
        return [InvoiceableCustomer(**row) for row in rows]

    def save_invoice(self, shipment_id: UUID, told: Invoicing) -> None:
        self._work.write(QUERIES.upsert_ddt_invoice, shipment_id=shipment_id, **asdict(told))

    async def find_pdf(self, document_id: UUID) -> bytes | None:
        pdf: bytes | None = await self._work.fetchval(QUERIES.find_pdf, document_id=document_id)
        return pdf

    def insert_pdf(self, document_id: UUID, pdf: bytes, at: datetime) -> None:
        self._work.write(QUERIES.insert_pdf, document_id=document_id, pdf=pdf, rendered_at=at)


class PostgresPackages:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_prefix(self) -> str | None:
        row = await self._work.fetchrow(QUERIES.find_gs1_prefix)
        return row["prefix"] if row else None

    def save_prefix(self, prefix: str) -> None:
        self._work.write(QUERIES.upsert_gs1_prefix, prefix=prefix)

    async def take_serials(self, count: int) -> tuple[str, int] | None:
        row = await self._work.fetchrow(QUERIES.update_gs1_serials, count=count)
        return (row["prefix"], row["first"]) if row else None

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
        found: dict[UUID, list[str]] = {}
        for row in await self._work.fetch(QUERIES.list_packages, shipment_ids=shipment_ids):
            found.setdefault(row["shipment_id"], []).append(row["sscc"])
        return found

    def insert_numbers(self, shipment_id: UUID, after: int, numbers: Sequence[str]) -> None:
        self._work.write(QUERIES.insert_packages, shipment_id=shipment_id, after=after, numbers=numbers)
