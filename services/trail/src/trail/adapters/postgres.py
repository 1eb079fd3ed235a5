"""The trail in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg

from optima_contracts.identity import PersonChanged, TenantChanged
from optima_contracts.personal import PersonalText
from optima_kit.db import UnitOfWork
from optima_kit.sql import Statement, load_queries

from ..application.anchor_chain import ANCHOR_CHAIN, AnchorChain
from ..application.ports import Selection, Stretch, Tenant
from ..application.schedules import schedule_delivery
from ..domain.anchors import anchor_is_due_at
from ..domain.chain import BEGINNING, ChainBreak, Head, SealedEntry, extend
from ..domain.competence import Assignment, Grant, ReadScope
from ..domain.entry import Entry, Occurrence
from ..domain.personal import ERASED, OpenText, readable
from .postgres_people import PostgresPersonKeys

QUERIES = load_queries(__package__)

FEW_GRANTS = 200
"""Up to this many stories, collecting a person's entries story by story is faster than scanning the whole
trail."""

FEW_TYPES = 10
"""Up to this many types, reading a page of each type is faster than scanning the whole trail."""

PORTION = 2_000
"""How many entries of the chain are read at once. They take a few megabytes."""

STRETCH = 20_000
"""How many entries one statement verifies, in some tenths of a second."""


class PostgresTrail:
    """Implements `ports.Trail` on one transaction."""

    def __init__(self, work: UnitOfWork, person_keys: PostgresPersonKeys) -> None:
        self._work = work
        self._person_keys = person_keys
        self._told: list[tuple[Occurrence, Sequence[PersonalText]]] = []
        self._grants: set[Grant] = set()
        self._assignments: dict[UUID, Assignment] = {}

    def record(
        self,
        occurrence: Occurrence,
        grants: Sequence[Grant],
        assignment: Assignment | None,
        personal: Sequence[PersonalText],
    ) -> None:
        self._told.append((occurrence, personal))
        self._grants.update(grants)
        if assignment is not None:
            self._assignments[assignment.phase_id] = assignment

    async def flush(self) -> None:
        """Number, seal and write what was recorded. This takes two statements, however much it is, and
        further ones if there are personal texts or if a phase was assigned or unassigned."""
        if not self._told:
            return
        told, self._told = self._told, []
        granted = {(grant.person_id, grant.correlation_id, grant.correlation_id) for grant in self._grants}
        granted |= self._assign()
        self._grants = set()
        locked = await self._lock_head(sorted({occurrence.type for occurrence, _ in told}))
        written = await self._person_keys.sealed(told)
        occurrences = [
            replace(each, data=data) if fields else each
            for (each, fields), data in zip(told, written, strict=True)
        ]
        head = Head(locked["number"], locked["hash"])
        sealed = extend(head, occurrences, tenant_id=self._work.tenant_id, recorded_at=self._work.now)
        today = self._work.now.astimezone(UTC).date()
        self._append(sealed, sorted(granted), today)
        if locked["anchor_due"] is None or locked["anchor_due"] < today:
            self._work.jobs.schedule(
                ANCHOR_CHAIN, AnchorChain(day=today), key=today.isoformat(), due_at=anchor_is_due_at(today)
            )
        for webhook_id in locked["waiting"]:
            schedule_delivery(self._work.jobs, webhook_id, due_at=None)

    async def head(self) -> Head:
        row = await self._work.fetchrow(QUERIES.find_head)
        return Head(row["number"], row["hash"]) if row else BEGINNING

    async def number_of(self, event_id: UUID) -> int | None:
        number: int | None = await self._work.fetchval(QUERIES.find_event, event_id=event_id)
        return number

    async def entries(self, selection: Selection, scope: ReadScope) -> list[SealedEntry]:
        window = await self._work.fetchrow(
            QUERIES.find_window,
            after=selection.after,
            before=selection.before,
            occurred_from=selection.occurred_from,
            occurred_before=selection.occurred_before,
        )
        assert window is not None
        low, high = window
        if low is None or max(low, selection.beyond) >= high:
            return []
        low = max(low, selection.beyond)
        types = None
        if selection.types:
            found = {
                row["type"]
                for prefix in selection.types
                for row in await self._work.fetch(QUERIES.list_types, beginning=prefix)
            }
            types = sorted(found)
        statement, viewer = QUERIES.list_entries, None
        if not scope.everything:
            viewer = scope.person_id
            grants = await self._work.fetchval(QUERIES.count_grants, person_id=viewer, most=FEW_GRANTS + 1)
            if grants <= FEW_GRANTS:
                statement = QUERIES.list_entries_of_few_stories
        elif selection.person_id is not None:
            statement = QUERIES.list_entries_of_person
        elif selection.brief_id is None and types is not None and len(types) <= FEW_TYPES:
            statement = QUERIES.list_entries_of_types
        rows = await self._work.fetch(
            newest_first(statement) if selection.newest_first else statement,
            low=low,
            high=high,
            limit=selection.limit,
            story_id=selection.brief_id,
            person_id=selection.person_id,
            types=types,
            occurred_from=selection.occurred_from,
            occurred_before=selection.occurred_before,
            brief_prices=scope.brief_prices,
            budgets=scope.budgets,
            economics=scope.economics,
            viewer_id=viewer,
        )
        return await self._readable([_sealed(row) for row in rows])

    async def portion(self, *, after: int, through: int) -> list[SealedEntry]:
        rows = await self._work.fetch(QUERIES.list_chain, after=after, through=through, limit=PORTION)
        return [_sealed(row) for row in rows]

    async def hashes_at(self, numbers: Sequence[int]) -> Mapping[int, str]:
        rows = await self._work.fetch(QUERIES.list_hashes, numbers=numbers)
        return {row["number"]: row["hash"] for row in rows}

    async def check_stretch(self, start: Head) -> Stretch:
        row = await self._work.fetchrow(
            QUERIES.check_stretch, number=start.number, hash=start.hash, limit=STRETCH
        )
        assert row is not None
        entries, last, broken = row
        if entries == 0:
            return Stretch(0, start, None)
        if broken is None:
            return Stretch(entries, Head(last, (await self.hashes_at([last]))[last]), None)
        before = await self._work.fetchrow(QUERIES.find_entry_before, number=broken)
        holds = Head(*before) if before and before["number"] > start.number else start
        expected = holds.number + 1
        why = ChainBreak(expected, "missing") if broken > expected else ChainBreak(broken, "altered")
        return Stretch(holds.number - start.number, holds, why)

    async def texts(self, entries: Sequence[SealedEntry]) -> Mapping[UUID, Mapping[str, OpenText | None]]:
        return await self._person_keys.opened(each.entry.occurrence for each in entries)

    async def names(self, people: Sequence[UUID]) -> Mapping[UUID, str]:
        rows = await self._work.fetch(QUERIES.list_newest_entries, stories=people, type=PersonChanged.type)
        told = await self._readable([_sealed(row) for row in rows])
        names = {
            each.entry.occurrence.subject: json.loads(each.entry.occurrence.data)["name"] for each in told
        }
        return {person_id: name for person_id, name in names.items() if name != ERASED}

    async def tenant(self) -> Tenant:
        row = await self._work.fetchrow(
            QUERIES.list_newest_entries, stories=[self._work.tenant_id], type=TenantChanged.type
        )
        if row is None:
            return Tenant(str(self._work.tenant_id), "UTC")
        told = TenantChanged.model_validate_json(row["data"])
        return Tenant(told.legal.name, told.time_zone)

    async def _readable(self, entries: list[SealedEntry]) -> list[SealedEntry]:
        """Return the entries with their personal texts in clear, in place of the ciphertexts that were
        hashed."""
        found = await self.texts(entries)
        if not found:
            return entries
        shown = []
        for each in entries:
            occurrence = each.entry.occurrence
            texts = found.get(occurrence.event_id)
            if texts:
                occurrence = replace(occurrence, data=readable(occurrence.data, texts))
                each = replace(each, entry=replace(each.entry, occurrence=occurrence))
            shown.append(each)
        return shown

    async def _lock_head(self, types: Sequence[str]) -> asyncpg.Record:
        row = await self._work.fetchrow(QUERIES.lock_head, types=types)
        if row is None:
            self._work.write(QUERIES.insert_head, number=BEGINNING.number, hash=BEGINNING.hash)
            row = await self._work.fetchrow(QUERIES.lock_head, types=types)
        assert row is not None
        return row

    def _assign(self) -> set[tuple[UUID, UUID, UUID]]:
        """End the grants of the phases' former assignees, and return the grants of the new ones."""
        assignments, self._assignments = list(self._assignments.values()), {}
        if assignments:
            self._work.write(
                QUERIES.update_assignments,
                phases=[each.phase_id for each in assignments],
                people=[each.assignee_id for each in assignments],
                stories=[each.correlation_id for each in assignments],
                jobs=[each.job_id for each in assignments],
            )
        return {
            (each.assignee_id, each.correlation_id, each.job_id)
            for each in assignments
            if each.assignee_id is not None
        }

    def _append(
        self, sealed: Sequence[SealedEntry], granted: Sequence[tuple[UUID, UUID, UUID]], today: date
    ) -> None:
        occurrences = [each.entry.occurrence for each in sealed]
        hours = _hours_of(sealed)
        self._work.write(
            QUERIES.insert_entries,
            numbers=[each.entry.number for each in sealed],
            event_ids=[o.event_id for o in occurrences],
            sources=[o.source for o in occurrences],
            types=[o.type for o in occurrences],
            subjects=[o.subject for o in occurrences],
            sequences=[o.sequence for o in occurrences],
            correlation_ids=[o.correlation_id for o in occurrences],
            causation_ids=[o.causation_id for o in occurrences],
            actor_ids=[o.actor_id for o in occurrences],
            on_behalf_of=[o.on_behalf_of for o in occurrences],
            occurred_at=[o.occurred_at for o in occurrences],
            data=[o.data for o in occurrences],
            hashes=[each.hash for each in sealed],
            recorded_at=self._work.now,
            hours=list(hours),
            first_numbers=[first for first, _ in hours.values()],
            last_numbers=[last for _, last in hours.values()],
            granted_people=[person_id for person_id, _, _ in granted],
            granted_stories=[correlation_id for _, correlation_id, _ in granted],
            granted_subjects=[subject for _, _, subject in granted],
            number=sealed[-1].entry.number,
            hash=sealed[-1].hash,
            today=today,
        )


def _hours_of(sealed: Sequence[SealedEntry]) -> dict[datetime, tuple[int, int]]:
    """Return the first and the last entry number of each hour in which something happened."""
    hours: dict[datetime, tuple[int, int]] = {}
    for each in sealed:
        hour = each.entry.occurrence.occurred_at.replace(minute=0, second=0, microsecond=0)
        first, _ = hours.get(hour, (each.entry.number, 0))
        hours[hour] = (first, each.entry.number)
    return hours


@cache
def newest_first(statement: Statement) -> Statement:
    """Return the statement with the order of entries reversed. This works because all statements that list
    entries sort them by number only."""
    return replace(statement, sql=statement.sql.replace("ORDER BY number", "ORDER BY number DESC"))


def _sealed(row: Iterable[Any]) -> SealedEntry:
    (
        tenant_id,
        number,
        event_id,
        source,
        event_type,
        subject,
        sequence,
        correlation_id,
        causation_id,
        actor_id,
        on_behalf_of,
        occurred_at,
        recorded_at,
        data,
        own_hash,
    ) = row
    occurrence = Occurrence(
        event_id,
        source,
        event_type,
        subject,
        sequence,
        correlation_id,
        causation_id,
        actor_id,
        on_behalf_of,
        occurred_at,
        data,
    )
    return SealedEntry(Entry(tenant_id, number, recorded_at, occurrence), own_hash)
