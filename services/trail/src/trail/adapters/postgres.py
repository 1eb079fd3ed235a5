"""The trail in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from optima_kit.db import Transaction
from optima_kit.sql import load_queries

from ..application.ports import CanonicalEntry, Selection
from ..domain.chain import BEGINNING, Head, SealedEntry, extend
from ..domain.competence import Grant, Sight
from ..domain.entry import Entry, Occurrence

QUERIES = load_queries(__package__)

FEW_GRANTS = 200
"""Up to so many stories, gathering a person's entries is quicker than walking along the whole trail."""

PORTION = 2_000
"""Entries read at once on a walk along the chain: a few megabytes."""


class PostgresTrail:
    """Implements `ports.Trail` on one transaction."""

    def __init__(self, work: Transaction) -> None:
        self._work = work
        self._occurrences: list[Occurrence] = []
        self._grants: set[Grant] = set()

    def record(self, occurrence: Occurrence, grants: Sequence[Grant]) -> None:
        self._occurrences.append(occurrence)
        self._grants.update(grants)

    async def flush(self) -> None:
        """Numbers, seals and writes what was recorded: two statements, however much it is."""
        if not self._occurrences:
            return
        occurrences, self._occurrences = self._occurrences, []
        grants, self._grants = self._grants, set()
        sealed = extend(
            await self._locked_head(), occurrences, tenant_id=self._work.tenant_id, recorded_at=self._work.now
        )
        await self._append(sealed, grants)

    async def head(self) -> Head:
        row = await self._work.connection.fetchrow(QUERIES.read_head)
        return Head(row["number"], row["hash"]) if row else BEGINNING

    async def has(self, event_id: UUID) -> bool:
        return await self._work.connection.fetchval(QUERIES.find_event, event_id) is not None

    async def entries(self, selection: Selection, sight: Sight) -> list[SealedEntry]:
        connection = self._work.connection
        # Every filter is optional: only a plan made for those that are given uses their index.
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        window = await connection.fetchrow(
            QUERIES.find_window, selection.after, selection.occurred_from, selection.occurred_before
        )
        assert window is not None
        low, high = window
        if low is None or low >= high:
            return []
        types = None
        if selection.type_prefix is not None:
            found = await connection.fetch(QUERIES.find_types, selection.type_prefix)
            types = [row["type"] for row in found]
        statement, viewer = QUERIES.select_entries, None
        if not sight.everything:
            viewer = sight.person_id
            grants = await connection.fetchval(QUERIES.count_grants, viewer, FEW_GRANTS + 1)
            if grants <= FEW_GRANTS:
                statement = QUERIES.select_entries_of_few_stories
        rows = await connection.fetch(
            statement,
            low,
            high,
            selection.limit,
            selection.brief_id,
            selection.person_id,
            types,
            selection.occurred_from,
            selection.occurred_before,
            sight.brief_prices,
            sight.economics,
            viewer,
        )
        return [_sealed(row) for row in rows]

    async def chain(self, *, after: int = 0) -> AsyncIterator[Sequence[SealedEntry]]:
        while rows := await self._work.connection.fetch(QUERIES.walk_chain, after, PORTION):
            yield [_sealed(row) for row in rows]
            after = rows[-1]["number"]

    async def canonical_chain(self) -> AsyncIterator[Sequence[CanonicalEntry]]:
        after = 0
        while rows := await self._work.connection.fetch(QUERIES.walk_canonical, after, PORTION):
            yield [CanonicalEntry(*row) for row in rows]
            after = rows[-1]["number"]

    async def _locked_head(self) -> Head:
        connection = self._work.connection
        row = await connection.fetchrow(QUERIES.lock_head)
        if row is None:
            await connection.execute(QUERIES.begin_chain, BEGINNING.number, BEGINNING.hash)
            row = await connection.fetchrow(QUERIES.lock_head)
        assert row is not None
        return Head(row["number"], row["hash"])

    async def _append(self, sealed: Sequence[SealedEntry], grants: set[Grant]) -> None:
        occurrences = [each.entry.occurrence for each in sealed]
        hours = _hours_of(sealed)
        granted = sorted({(g.person_id, g.correlation_id, g.subject or g.correlation_id) for g in grants})
        await self._work.connection.execute(
            QUERIES.append_entries,
            [each.entry.number for each in sealed],
            [o.event_id for o in occurrences],
            [o.source for o in occurrences],
            [o.type for o in occurrences],
            [o.subject for o in occurrences],
            [o.sequence for o in occurrences],
            [o.correlation_id for o in occurrences],
            [o.causation_id for o in occurrences],
            [o.actor_id for o in occurrences],
            [o.on_behalf_of for o in occurrences],
            [o.occurred_at for o in occurrences],
            [o.data for o in occurrences],
            [each.hash for each in sealed],
            self._work.now,
            list(hours),
            [first for first, _ in hours.values()],
            [last for _, last in hours.values()],
            [person_id for person_id, _, _ in granted],
            [correlation_id for _, correlation_id, _ in granted],
            [subject for _, _, subject in granted],
            sealed[-1].entry.number,
            sealed[-1].hash,
        )


def _hours_of(sealed: Sequence[SealedEntry]) -> dict[datetime, tuple[int, int]]:
    """The first and the last number of each hour in which something happened."""
    hours: dict[datetime, tuple[int, int]] = {}
    for each in sealed:
        hour = each.entry.occurrence.occurred_at.replace(minute=0, second=0, microsecond=0)
        first, _ = hours.get(hour, (each.entry.number, 0))
        hours[hour] = (first, each.entry.number)
    return hours


def _sealed(row: asyncpg.Record) -> SealedEntry:
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
