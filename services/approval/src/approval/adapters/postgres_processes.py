"""Approval processes and their versions in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.in_turns import in_turns
from ..application.ports import (
    Draft,
    ListedVersion,
    PublishedVersion,
)
from ..domain.brief_forms import with_forms
from ..domain.process import RULES, Definition, Process, preparing, with_filled_fields
from ..domain.subjects import SubjectType
from .memory import Memory
from .rows import document_of
from .subject_types import BUILT_IN_TYPES

QUERIES = load_queries(__package__ or "approval.adapters")


class PublishedHere:
    """The versions that this unit of work has published itself. They are not cached: if it is rolled back,
    other versions may get the same numbers."""

    def __init__(self, _work: UnitOfWork) -> None:
        self.names: set[tuple[str, int]] = set()

    async def flush(self) -> None:
        """Do nothing: there is nothing to write."""


class PostgresProcesses:
    def __init__(self, work: UnitOfWork, memory: Memory) -> None:
        self._work = work
        self._tenant_id = work.tenant_id
        self._memory = memory

    async def find(self, key: str) -> Draft | None:
        row = await self._work.fetchrow(QUERIES.find_process, key=key)
        return _draft(row) if row else None

    async def lock(self, key: str) -> Draft | None:
        row = await self._work.fetchrow(QUERIES.lock_process, key=key)
        return _draft(row) if row else None

    async def add(self, process_id: UUID, definition: Definition, now: datetime, by: UUID) -> bool:
        document = document_of(definition)
        added = await self._work.fetchval(
            QUERIES.insert_process,
            process_id=process_id,
            key=definition.key,
            name=definition.name,
            subject_type=definition.subject,
            document=document,
            now=now,
            actor_id=by,
        )
        return added is not None

    async def save(self, draft: Draft, by: UUID) -> None:
        self._work.write(
            QUERIES.update_process,
            key=draft.key,
            name=draft.definition.name,
            subject_type=draft.definition.subject,
            document=document_of(draft.definition),
            version=draft.version,
            published=draft.published,
            retired_at=draft.retired_at,
            changed_at=draft.changed_at,
            actor_id=by,
        )

    async def page(self, after: str, limit: int) -> list[Draft]:
        return [
            _draft(row) for row in await self._work.fetch(QUERIES.list_processes, after=after, limit=limit)
        ]

    async def publish(
        self, definition: Definition, subject: SubjectType, number: int, now: datetime, by: UUID
    ) -> None:
        self._work.gathering(PublishedHere).names.add((definition.key, number))
        self._work.write(
            QUERIES.insert_version,
            key=definition.key,
            number=number,
            document=document_of(definition),
            subject=subject.model_dump(mode="json"),
            rules=RULES,
            now=now,
            actor_id=by,
        )

    async def version(self, key: str, number: int) -> Process | None:
        name = (self._tenant_id, key, number)
        kept = self._memory.versions.get(name)
        if kept is not None:
            return kept
        row = await self._work.fetchrow(QUERIES.find_version, key=key, number=number)
        if row is None:
            return None
        subject = SubjectType.model_validate(row["subject"])
        definition = Definition.model_validate(row["document"])
        subject = with_filled_fields(subject, definition)
        exact = row["rules"] > 6
        compiled = partial(self._memory.conditions.compile, subject=subject, exact=exact)
        prepared = preparing(definition, number, subject, compiled, row["rules"])
        found = await in_turns(self._tenant_id, prepared)
        if (key, number) in self._work.gathering(PublishedHere).names:
            return found
        return self._memory.versions.put(name, found)

    async def published(self, key: str, number: int) -> PublishedVersion | None:
        row = await self._work.fetchrow(QUERIES.find_version, key=key, number=number)
        if row is None:
            return None
        definition = Definition.model_validate(row["document"])
        return PublishedVersion(definition, number, row["published_at"], row["published_by"], row["rules"])

    async def versions(self, key: str, before: int | None, limit: int) -> list[ListedVersion]:
        rows = await self._work.fetch(QUERIES.list_versions, key=key, before=before, limit=limit)
        return [ListedVersion(**row) for row in rows]

    async def erase_address(self, email: str, person_id: UUID) -> None:
        self._work.write(QUERIES.update_addresses, email=email, person_id=str(person_id))

    async def subject_type(self, key: str) -> SubjectType | None:
        if key in BUILT_IN_TYPES:
            return (await self._built_in_types())[key]
        row = await self._work.fetchrow(QUERIES.find_subject_type, key=key)
        return SubjectType.model_validate(row["document"]) if row else None

    async def subject_type_version(self, key: str) -> int | None:
        row = await self._work.fetchrow(QUERIES.find_subject_type, key=key)
        return row["version"] if row else None

    async def subject_types(self) -> list[SubjectType]:
        rows = await self._work.fetch(QUERIES.list_subject_types)
        built_in = await self._built_in_types()
        return [*built_in.values(), *(SubjectType.model_validate(row["document"]) for row in rows)]

    async def _built_in_types(self) -> dict[str, SubjectType]:
        """Return the built-in subject types. Briefs get the fields of the tenant's brief forms."""
        forms = [row["fields"] for row in await self._work.fetch(QUERIES.list_brief_forms)]
        return {**BUILT_IN_TYPES, "brief": with_forms(BUILT_IN_TYPES["brief"], forms)}

    async def put_brief_form(self, type_key: str, version: int, kinds: Mapping[str, str]) -> None:
        self._work.write(QUERIES.upsert_brief_form, type_key=type_key, version=version, fields=dict(kinds))

    async def put_subject_type(self, subject: SubjectType, now: datetime, expected: int | None) -> int | None:
        version: int | None = await self._work.fetchval(
            QUERIES.put_subject_type,
            key=subject.key,
            document=subject.model_dump(mode="json"),
            now=now,
            expected=expected,
        )
        return version


def _draft(row: asyncpg.Record) -> Draft:
    return Draft(
        process_id=row["process_id"],
        key=row["key"],
        definition=Definition.model_validate(row["document"]),
        version=row["version"],
        published=row["published"],
        retired_at=row["retired_at"],
        changed_at=row["changed_at"],
    )
