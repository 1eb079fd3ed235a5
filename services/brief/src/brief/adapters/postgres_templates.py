"""Templates of briefs in PostgreSQL. Implements `application.ports.Templates` on one transaction."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..domain.content import Content
from ..domain.templates import Template

QUERIES = load_queries(__package__ or "brief.adapters")


class PostgresTemplates:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_template(self, template: Template) -> None:
        self._work.write(
            QUERIES.insert_template,
            template_id=template.template_id,
            name=template.name,
            content=template.content.as_json(),
            unit_id=template.unit_id,
            kept_by=template.kept_by,
            kept_at=template.kept_at,
        )

    def delete_template(self, template_id: UUID) -> None:
        self._work.write(QUERIES.delete_template, template_id=template_id)

    async def find_template(self, template_id: UUID) -> Template | None:
        row = await self._work.fetchrow(QUERIES.find_template, template_id=template_id)
        return _template(row) if row else None

    async def list_templates(
        self, person_id: UUID, unit_id: UUID | None, before: UUID | None, limit: int
    ) -> list[Template]:
        rows = await self._work.fetch(
            QUERIES.list_templates, person_id=person_id, unit_id=unit_id, before=before, limit=limit
        )
        return [_template(row) for row in rows]


def _template(row: asyncpg.Record) -> Template:
    return Template(
        template_id=row["template_id"],
        name=row["name"],
        content=Content.from_json(row["content"]),
        unit_id=row["unit_id"],
        kept_by=row["kept_by"],
        kept_at=row["kept_at"],
    )
