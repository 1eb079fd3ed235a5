"""Approvals in PostgreSQL: their history, inboxes and lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from optima_kit.db import UnitOfWork
from optima_kit.sql import Statement, load_queries

from ..application.in_turns import in_turns
from ..application.ports import (
    NOT_ENDED,
    ApprovalFilter,
    ApprovalSummary,
    HistoryEntry,
    InboxCount,
    InboxFilter,
    InboxPlace,
    InboxSort,
    PartNote,
    StoredApproval,
    Waiting,
)
from ..domain.approval import Approval, BeforeMigration, Event, NoticeSent, StepRun
from ..domain.run import Result
from ..domain.turns import Work
from .rows import OLDEST
from .stored_json import EVENTS, STEPS, stored_event, stored_steps

QUERIES = load_queries(__package__ or "approval.adapters")
_BEFORE: TypeAdapter[BeforeMigration | None] = TypeAdapter(BeforeMigration | None)
NEWEST = UUID(int=2**128 - 1)
"""An id that comes after every approval's id."""

FIRST = InboxPlace(-(2**63), datetime.fromtimestamp(0, UTC), UUID(int=0), "", UUID(int=0))
"""A place that comes before everything in an inbox."""


class PostgresApprovals:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._actor_id = work.cause.actor_id
        self._now = work.now

    async def find(self, approval_id: UUID) -> StoredApproval | None:
        return await self._one(QUERIES.find_approval, approval_id=approval_id)

    async def lock(self, approval_id: UUID) -> StoredApproval | None:
        return await self._one(QUERIES.lock_approval, approval_id=approval_id)

    async def lock_newest(self, subject_type: str, subject_id: UUID) -> StoredApproval | None:
        statement = QUERIES.lock_newest_approval
        return await self._one(statement, subject_type=subject_type, subject_id=subject_id)

    async def titles(self, approval_ids: Collection[UUID]) -> dict[UUID, str]:
        rows = await self._work.fetch(QUERIES.list_titles, approval_ids=list(approval_ids))
        return {row["approval_id"]: row["title"] for row in rows}

    async def _one(self, statement: Statement, **key: UUID | str) -> StoredApproval | None:
        row = await self._work.fetchrow(statement, **key)
        return _stored_approval(row) if row else None

    async def add(
        self,
        stored: StoredApproval,
        events: tuple[Event, ...],
        amount: Decimal | None,
        rules: set[str],
        *,
        listed: bool = True,
    ) -> None:
        approval = stored.approval
        self._work.write(
            QUERIES.insert_approval,
            approval_id=approval.id,
            process_key=approval.process_key,
            process_version=approval.process_version,
            subject_type=approval.subject_type,
            subject_id=approval.subject_id,
            subject_revision=approval.subject_revision,
            subject_sequence=stored.subject_sequence,
            correlation_id=stored.correlation,
            title=stored.title,
            amount=amount,
            requester_id=approval.requester,
            state=approval.state,
            reason=approval.reason,
            content=approval.content,
            content_hash=approval.content_hash,
            steps=stored_steps(approval.steps),
            choices=approval.choices,
            opened_at=approval.opened_at,
            ended_at=approval.ended_at,
            today=approval.today,
            filled=approval.filled,
            actor_id=self._actor_id,
            **_event_columns(events),
            **_asked_first(approval.steps if listed else {}),
            rules=sorted(rules),
        )

    async def save(
        self,
        before: StoredApproval,
        result: Result,
        title: str,
        amount: Decimal | None,
        subject_sequence: int,
        rules: set[str],
        *,
        listed: bool = True,
    ) -> StoredApproval:
        approval = result.approval
        was, now = _open_parts(before.approval), _open_parts(approval)
        closed = [place for place in was if place not in now]
        asked = {place: row for place, row in now.items() if was.get(place) != row}
        if not listed:
            # Rows that are no longer true are deleted now, so that every row that stays is true.
            closed += [place for place in asked if place in was]
            asked = {}
        self._work.write(
            QUERIES.update_approval,
            approval_id=approval.id,
            process_version=approval.process_version,
            subject_sequence=subject_sequence,
            title=title,
            amount=amount,
            state=approval.state,
            reason=approval.reason,
            content=approval.content,
            content_hash=approval.content_hash,
            steps=stored_steps(approval.steps),
            choices=approval.choices,
            ended_at=approval.ended_at,
            before_migration=_BEFORE.dump_python(approval.before_migration, mode="json"),
            today=approval.today,
            filled=approval.filled,
            actor_id=self._actor_id,
            **_event_columns(result.events),
            closed_steps=[step for step, _ in closed],
            closed_people=[who for _, who in closed],
            **_asked(asked),
            concerned=sorted({who for _, who in asked} | _people_notified(result.events)),
            rules=sorted(rules),
        )
        if title != before.title:
            self._work.write(QUERIES.delete_words, approval_id=approval.id)
            self._work.write(QUERIES.insert_words, approval_id=approval.id)
        return replace(
            before,
            approval=approval,
            version=before.version + 1,
            title=title,
            subject_sequence=subject_sequence,
        )

    async def list_parts(self, approval: Approval, of: UUID | None = None) -> None:
        asked = {person for run in approval.steps.values() for person in run.parts}
        self._work.write(
            QUERIES.insert_open_parts,
            approval_id=approval.id,
            concerned=sorted(asked if of is None else asked & {of}, key=_NUMBER),
            **_asked_first(approval.steps, of),
        )

    async def notes(self, approval_id: UUID) -> list[PartNote]:
        rows = await self._work.fetch(QUERIES.list_open_parts, approval_id=approval_id)
        return [
            PartNote(row["step"], row["person_id"], row["claimed_at"], row["follow_up_on"]) for row in rows
        ]

    async def save_claim(self, approval_id: UUID, step: str, person_id: UUID, at: datetime | None) -> None:
        self._work.write(
            QUERIES.update_claim, approval_id=approval_id, step=step, person_id=person_id, claimed_at=at
        )

    async def save_follow_up(self, approval_id: UUID, step: str, person_id: UUID, on: date | None) -> None:
        self._work.write(
            QUERIES.update_follow_up, approval_id=approval_id, step=step, person_id=person_id, follow_up_on=on
        )

    async def save_watchers(self, approval_id: UUID, watchers: frozenset[UUID]) -> None:
        self._work.write(QUERIES.update_watchers, approval_id=approval_id, watchers=sorted(watchers))

    async def concerns(self, approval_id: UUID, person_id: UUID) -> bool:
        found: bool = await self._work.fetchval(
            QUERIES.is_concerned, person_id=person_id, approval_id=approval_id
        )
        return found

    async def history(self, approval_id: UUID, after: int, limit: int) -> list[HistoryEntry]:
        return _history_entries(
            await self._work.fetch(
                QUERIES.list_events_shown, approval_id=approval_id, after=after, limit=limit
            )
        )

    async def whole_history(self, approval_id: UUID) -> list[HistoryEntry]:
        return _history_entries(await self._work.fetch(QUERIES.list_events, approval_id=approval_id))

    async def naming(self, person_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
        rows = await self._work.fetch(
            QUERIES.list_approvals_naming,
            person_id=person_id,
            name=str(person_id),
            after=after or OLDEST,
            limit=limit,
        )
        return [row["approval_id"] for row in rows]

    async def save_erased(self, approval: Approval, history: list[HistoryEntry], person_id: UUID) -> None:
        for each in history:
            self._work.write(
                QUERIES.update_event,
                approval_id=approval.id,
                number=each.number,
                event=EVENTS.dump_python(each.event, mode="json"),
            )
        self._work.write(
            QUERIES.update_texts,
            approval_id=approval.id,
            reason=approval.reason,
            content=approval.content,
            steps=stored_steps(approval.steps),
            before_migration=_BEFORE.dump_python(approval.before_migration, mode="json"),
        )
        self._work.write(QUERIES.update_whys, approval_id=approval.id, person_id=person_id)
        self._work.write(QUERIES.delete_words, approval_id=approval.id)

    async def page(self, chosen: ApprovalFilter, before: UUID | None, limit: int) -> list[ApprovalSummary]:
        statement = _list_along(chosen)
        parameters = {
            "before": before or NEWEST,
            "limit": limit,
            "subject_id": chosen.subject_id,
            "state": chosen.state,
            "process": chosen.process,
            "text": chosen.text,
            "concerned": chosen.concerned,
        }
        if statement is QUERIES.list_approvals_by_words:
            # Search the index for the longest word, which is likely to be the rarest.
            parameters["word"] = max((chosen.text or "").split(), key=len)
        return [_listed(row) for row in await self._work.fetch(statement, **parameters)]

    async def inbox(
        self,
        person_id: UUID,
        grants: list[tuple[UUID, str | None, Decimal | None]],
        chosen: InboxFilter,
        sort: InboxSort,
        after: InboxPlace | None,
        limit: int,
    ) -> list[Waiting]:
        place = after or FIRST
        rows = await self._work.fetch(
            QUERIES.list_inbox,
            **_inbox_parameters(person_id, grants, chosen),
            sort=sort,
            after_rank=place.rank,
            after_moment=place.moment,
            after_approval_id=place.approval_id,
            after_step=place.step,
            after_person_id=place.person,
            limit=limit,
        )
        return [
            Waiting(
                _listed(row),
                row["content"],
                row["step"],
                row["person_id"],
                row["why"],
                row["requested_at"],
                row["due_at"],
                InboxPlace(row["rank"], row["moment"], row["approval_id"], row["step"], row["person_id"]),
                row["follow_up_on"],
                row["claimed_by"],
            )
            for row in rows
        ]

    async def count_inbox(
        self,
        person_id: UUID,
        grants: list[tuple[UUID, str | None, Decimal | None]],
        chosen: InboxFilter,
        now: datetime,
    ) -> list[InboxCount]:
        rows = await self._work.fetch(
            QUERIES.count_inbox, **_inbox_parameters(person_id, grants, chosen), now=now
        )
        return [
            InboxCount(row["process_key"], row["how"], row["waiting"], row["overdue"], row["amount"])
            for row in rows
        ]

    async def asking(
        self, people: list[UUID], rules: list[str], after: UUID | None, limit: int
    ) -> list[UUID]:
        rows = await self._work.fetch(
            QUERIES.list_open_approvals_asking, people=people, rules=rules, after=after, limit=limit
        )
        return [row["approval_id"] for row in rows]

    async def open_ones(self, after: UUID | None, limit: int) -> list[UUID]:
        rows = await self._work.fetch(QUERIES.list_open_approvals, after=after or OLDEST, limit=limit)
        return [row["approval_id"] for row in rows]

    async def concern_with_requests(self, person_id: UUID, requesters: list[UUID]) -> None:
        self._work.write(QUERIES.insert_concerned_with_requests, person_id=person_id, requesters=requesters)

    async def migratable(
        self, key: str, to_version: int, after: UUID | None, limit: int
    ) -> list[StoredApproval]:
        rows = await self._work.fetch(
            QUERIES.list_movable_approvals,
            process_key=key,
            to_version=to_version,
            after=after or OLDEST,
            limit=limit,
        )
        return [_stored_approval(row) for row in rows]

    async def over(self, key: str, ended_at: datetime, before: UUID | None, limit: int) -> list[Approval]:
        rows = await self._work.fetch(
            QUERIES.list_past_approvals,
            process_key=key,
            ended_at=ended_at,
            before=before or NEWEST,
            limit=limit,
        )
        return await in_turns(self._work.tenant_id, _read_all(rows))

    async def withdraw_subject(self, subject_id: UUID) -> None:
        self._work.write(QUERIES.insert_withdrawn_subject, subject_id=subject_id, now=self._now)

    async def put_budget_figures(self, subject_id: UUID, revision: int, figures: Mapping[str, str]) -> None:
        self._work.write(
            QUERIES.insert_budget_figures, subject_id=subject_id, revision=revision, figures=dict(figures)
        )

    async def find_budget_figures(self, subject_id: UUID, revision: int) -> Mapping[str, str] | None:
        found: Mapping[str, str] | None = await self._work.fetchval(
            QUERIES.find_budget_figures, subject_id=subject_id, revision=revision
        )
        return found

    async def is_withdrawn(self, subject_id: UUID) -> bool:
        found: bool = await self._work.fetchval(QUERIES.is_withdrawn, subject_id=subject_id)
        return found


def _list_along(chosen: ApprovalFilter) -> Statement:
    """Return the statement whose index leaves the fewest rows to filter."""
    statement: Statement
    if chosen.subject_id is not None:
        statement = QUERIES.list_approvals_of_subject
    elif chosen.text is not None:
        statement = QUERIES.list_approvals_by_words
    elif chosen.concerned is not None and chosen.state != "open":
        statement = QUERIES.list_own_approvals
    elif chosen.state is not None:
        statement = QUERIES.list_approvals_in_state
    else:
        statement = QUERIES.list_approvals_of_process if chosen.process else QUERIES.list_approvals
    return statement


def _inbox_parameters(
    person_id: UUID, grants: list[tuple[UUID, str | None, Decimal | None]], chosen: InboxFilter
) -> dict[str, Any]:
    everybody = [(person_id, None, None), *grants]
    return {
        "reader_id": person_id,
        "people": [who for who, _, _ in everybody],
        "processes": [key for _, key, _ in everybody],
        "limits": [up_to for _, _, up_to in everybody],
        "subject_id": chosen.subject_id,
        "process": chosen.process,
        "due_before": chosen.due_before,
        "back_by": chosen.back_by,
        "text": chosen.text,
        "how": chosen.how,
        "requesters": chosen.requesters,
        "least": chosen.least,
        "most": chosen.most,
    }


_NUMBER: Final = attrgetter("bytes")
"""The sort key of ids. Comparing their bytes takes place in C."""

Place = tuple[str, UUID]
"""A step and a person."""


def _event_columns(events: tuple[Event, ...]) -> dict[str, list[Any]]:
    return {
        "event_times": [event.at for event in events],
        "events": [stored_event(event) for event in events],
    }


def _people_notified(events: tuple[Event, ...]) -> set[UUID]:
    """Return the people to whom the process sent a notice of the approval. They may see it from then on."""
    return {person for event in events if isinstance(event, NoticeSent) for person in event.people}


def _asked(parts: dict[Place, tuple[str, datetime, datetime | None]]) -> dict[str, list[Any]]:
    """Return rows of the table `open_parts`, by column."""
    return {
        "asked_steps": [step for step, _ in parts],
        "asked_people": [who for _, who in parts],
        "asked_whys": [why for why, _, _ in parts.values()],
        "asked_at": [at for _, at, _ in parts.values()],
        "asked_due": [due_at for _, _, due_at in parts.values()],
    }


def _asked_first(runs: Mapping[str, StepRun], of: UUID | None = None) -> dict[str, list[Any]]:
    """Return the rows of the table `open_parts`, of everybody or of one person. Rows that differ only in the
    person are returned once, with the sorted ids of all their people as one text."""
    shared: dict[tuple[str, str, datetime, datetime | None], list[str]] = {}
    for key, run in sorted(runs.items()):
        if run.state != "pending":
            continue
        for part in run.parts.values():
            if part.state == "requested" and of in (None, part.person):
                row = (key, part.why, part.requested_at, run.due_at)
                if row not in shared:
                    shared[row] = []
                shared[row].append(str(part.person))
    steps, whys, asked_at, asked_due = zip(*shared, strict=True) if shared else ((), (), (), ())
    return {
        "asked_people": [",".join(sorted(people)) for people in shared.values()],
        "asked_steps": [*steps],
        "asked_whys": [*whys],
        "asked_at": [*asked_at],
        "asked_due": [*asked_due],
    }


def _open_parts(approval: Approval) -> dict[Place, tuple[str, datetime, datetime | None]]:
    return {
        (key, part.person): (part.why, part.requested_at, run.due_at)
        for key, run in approval.steps.items()
        if run.state == "pending"
        for part in run.parts.values()
        if part.state == "requested"
    }


def _stored_approval(row: asyncpg.Record) -> StoredApproval:
    approval = Approval(
        id=row["approval_id"],
        process_key=row["process_key"],
        process_version=row["process_version"],
        subject_type=row["subject_type"],
        subject_id=row["subject_id"],
        subject_revision=row["subject_revision"],
        requester=row["requester_id"],
        content=row["content"],
        content_hash=row["content_hash"],
        opened_at=row["opened_at"],
        steps=STEPS.validate_python(row["steps"]),
        choices=row["choices"],
        state=row["state"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        before_migration=_BEFORE.validate_python(row["before_migration"]),
        today=row["today"],
        filled=row["filled"],
    )
    return StoredApproval(
        approval,
        row["version"],
        row["title"],
        row["correlation_id"],
        row["subject_sequence"],
        frozenset(row["watchers"]),
    )


def _read_all(rows: list[asyncpg.Record]) -> Work[list[Approval]]:
    approvals = []
    for row in rows:
        approvals.append(_stored_approval(row).approval)
        yield
    return approvals


def _history_entries(rows: list[asyncpg.Record]) -> list[HistoryEntry]:
    return [
        HistoryEntry(row["number"], EVENTS.validate_python(row["event"]), row["actor_id"]) for row in rows
    ]


def _listed(row: asyncpg.Record) -> ApprovalSummary:
    """Read an approval for a list, without building the details of its steps."""
    return ApprovalSummary(
        id=row["approval_id"],
        process_key=row["process_key"],
        process_version=row["process_version"],
        subject_type=row["subject_type"],
        subject_id=row["subject_id"],
        subject_revision=row["subject_revision"],
        title=row["title"],
        requester=row["requester_id"],
        state=row["state"],
        reason=row["reason"],
        content_hash=row["content_hash"],
        opened_at=row["opened_at"],
        ended_at=row["ended_at"],
        pending=tuple(key for key, run in row["steps"].items() if run["state"] == "pending"),
        steps_ended=sum(run["state"] not in NOT_ENDED for run in row["steps"].values()),
        steps=len(row["steps"]),
    )
