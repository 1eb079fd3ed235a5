"""Implements `application.ports` in PostgreSQL, on one transaction: processes, approvals, delegations and the
copy of the directory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.db import UnitOfWork
from optima_kit.ids import new_id
from optima_kit.sql import Statement, load_queries
from optima_kit.time_zones import TIME_ZONES

from ..application.in_turns import in_turns
from ..application.ports import (
    NOT_ENDED,
    ApprovalFilter,
    Comment,
    Document,
    Draft,
    HistoryEntry,
    InboxCount,
    InboxFilter,
    InboxPlace,
    InboxSort,
    KnownPerson,
    Link,
    Listed,
    ListedVersion,
    Migration,
    MigrationItem,
    PartNote,
    Ports,
    PublishedVersion,
    Replay,
    StoredApproval,
    StoredDelegation,
    Waiting,
)
from ..domain.approval import Approval, BeforeMigration, Event, NoticeSent, StepRun
from ..domain.brief_forms import with_forms
from ..domain.calendar import WorkingTime
from ..domain.directory import Delegation, Directory, Person, Unit
from ..domain.erasure import UNNAMED
from ..domain.process import RULES, Definition, Process, preparing, with_filled_fields
from ..domain.run import Result
from ..domain.subjects import SubjectType
from ..domain.turns import Work
from .cel import CelConditions
from .holidays import italian_holidays
from .stored_json import EVENTS, STEPS, stored_event, stored_steps
from .subject_types import BUILT_IN_TYPES

QUERIES = load_queries(__package__ or "approval.adapters")

_BEFORE: TypeAdapter[BeforeMigration | None] = TypeAdapter(BeforeMigration | None)
_DECIDES = "approval.decide"

NEWEST = UUID(int=2**128 - 1)
"""An id that comes after every approval's id."""

OLDEST = UUID(int=0)
"""An id that comes before every other id."""

FIRST = InboxPlace(-(2**63), datetime.fromtimestamp(0, UTC), UUID(int=0), "", UUID(int=0))
"""A place that comes before everything in an inbox."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """A cache of the most recently used values, at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> V:
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)
        return value


class Store:
    """Builds the ports of a transaction. It caches in memory what never changes (published versions) and what
    rarely changes (each tenant's directory, recognised by its stamp)."""

    def __init__(self, *, mails_links: bool = False) -> None:
        self.mails_links = mails_links
        self.conditions = CelConditions()
        self.versions: LruCache[tuple[UUID, str, int], Process] = LruCache(2000)
        self.directories: LruCache[UUID, tuple[UUID, datetime, Directory]] = LruCache(200)

    def ports(self, work: UnitOfWork) -> Ports:
        return Ports(
            processes=PostgresProcesses(work, self),
            approvals=PostgresApprovals(work),
            delegations=PostgresDelegations(work),
            directories=PostgresDirectories(work, self),
            links=PostgresLinks(work),
            evidence=PostgresEvidence(work),
            comments=PostgresComments(work),
            migrations=PostgresMigrations(work),
            replays=PostgresReplays(work),
            conditions=self.conditions,
            outbox=work.outbox,
            on_behalf_of=lambda person_id: work.on_behalf_of(person_id).outbox,
            jobs=work.jobs,
            mails_links=self.mails_links,
            savepoint=work.savepoint,
            tenant_id=work.tenant_id,
            actor_id=work.cause.actor_id,
            now=work.now,
        )


class PublishedHere:
    """The versions that this unit of work has published itself. They are not cached: if it is rolled back,
    other versions may get the same numbers."""

    def __init__(self, _work: UnitOfWork) -> None:
        self.names: set[tuple[str, int]] = set()

    async def flush(self) -> None:
        """Do nothing: there is nothing to write."""


class PostgresProcesses:
    def __init__(self, work: UnitOfWork, store: Store) -> None:
        self._work = work
        self._tenant_id = work.tenant_id
        self._store = store

    async def find(self, key: str) -> Draft | None:
        row = await self._work.fetchrow(QUERIES.find_process, key=key)
        return _draft(row) if row else None

    async def lock(self, key: str) -> Draft | None:
        row = await self._work.fetchrow(QUERIES.lock_process, key=key)
        return _draft(row) if row else None

    async def add(self, process_id: UUID, definition: Definition, now: datetime, by: UUID) -> bool:
        document = _document(definition)
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
            document=_document(draft.definition),
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
            document=_document(definition),
            subject=subject.model_dump(mode="json"),
            rules=RULES,
            now=now,
            actor_id=by,
        )

    async def version(self, key: str, number: int) -> Process | None:
        name = (self._tenant_id, key, number)
        kept = self._store.versions.get(name)
        if kept is not None:
            return kept
        row = await self._work.fetchrow(QUERIES.find_version, key=key, number=number)
        if row is None:
            return None
        subject = SubjectType.model_validate(row["subject"])
        definition = Definition.model_validate(row["document"])
        subject = with_filled_fields(subject, definition)
        exact = row["rules"] > 6
        compiled = partial(self._store.conditions.compile, subject=subject, exact=exact)
        prepared = preparing(definition, number, subject, compiled, row["rules"])
        found = await in_turns(self._tenant_id, prepared)
        if (key, number) in self._work.gathering(PublishedHere).names:
            return found
        return self._store.versions.put(name, found)

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
            **_told(events),
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
            **_told(result.events),
            closed_steps=[step for step, _ in closed],
            closed_people=[who for _, who in closed],
            **_asked(asked),
            concerned=sorted({who for _, who in asked} | _people_told(result.events)),
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

    async def page(self, chosen: ApprovalFilter, before: UUID | None, limit: int) -> list[Listed]:
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


class PostgresDelegations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._now = work.now

    async def add(self, stored: StoredDelegation) -> None:
        delegation = stored.delegation
        self._work.write(
            QUERIES.insert_delegation,
            delegation_id=delegation.id,
            from_person_id=delegation.from_person,
            to_person_id=delegation.to_person,
            starts_at=delegation.starts_at,
            ends_at=delegation.ends_at,
            processes=sorted(delegation.processes),
            up_to=delegation.up_to,
            reason=stored.reason,
            created_at=stored.created_at,
            created_by=stored.created_by,
        )
        _change_stamp(self._work)

    async def lock(self, delegation_id: UUID) -> StoredDelegation | None:
        row = await self._work.fetchrow(QUERIES.lock_delegation, delegation_id=delegation_id)
        return _stored_delegation(row) if row else None

    async def lock_in_force(self, person_id: UUID) -> list[StoredDelegation]:
        rows = await self._work.fetch(QUERIES.lock_delegations_in_force, person_id=person_id, now=self._now)
        return [_stored_delegation(row) for row in rows]

    async def erase_reasons(self, person_id: UUID) -> None:
        self._work.write(QUERIES.update_reasons_of_delegations, person_id=person_id)

    async def revoke(self, delegation_id: UUID, at: datetime) -> None:
        self._work.write(QUERIES.revoke_delegation, delegation_id=delegation_id, at=at)
        _change_stamp(self._work)

    async def page(self, person_id: UUID | None, before: UUID | None, limit: int) -> list[StoredDelegation]:
        rows = await self._work.fetch(
            QUERIES.list_delegations, person_id=person_id, before=before, limit=limit
        )
        return [_stored_delegation(row) for row in rows]


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


class PostgresMigrations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, migration: Migration) -> None:
        self._work.write(
            QUERIES.insert_move,
            move_id=migration.id,
            process_key=migration.process_key,
            to_version=migration.to_version,
            created_at=migration.created_at,
            created_by=migration.created_by,
        )

    async def find(self, migration_id: UUID) -> Migration | None:
        row = await self._work.fetchrow(QUERIES.find_move, move_id=migration_id)
        return _migration(row) if row else None

    async def lock(self, migration_id: UUID) -> Migration | None:
        row = await self._work.fetchrow(QUERIES.lock_move, move_id=migration_id)
        return _migration(row) if row else None

    async def save(self, migration: Migration, now: datetime) -> None:
        self._work.write(
            QUERIES.update_move,
            move_id=migration.id,
            state=migration.state,
            carried_out_by=migration.carried_out_by,
            now=now,
        )

    async def page(self, key: str, before: UUID | None, limit: int) -> list[Migration]:
        rows = await self._work.fetch(QUERIES.list_moves, process_key=key, before=before, limit=limit)
        return [_migration(row) for row in rows]

    async def counts(self, migration_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
        counts: dict[UUID, dict[str, int]] = {}
        for row in await self._work.fetch(QUERIES.count_moved, move_ids=migration_ids):
            counts.setdefault(row["move_id"], {})[row["verdict"]] = row["count"]
        return counts

    async def note(self, migration_id: UUID, items: list[MigrationItem]) -> None:
        if items:
            self._work.write(
                QUERIES.put_moved,
                move_id=migration_id,
                approval_ids=[item.approval_id for item in items],
                from_versions=[item.from_version for item in items],
                verdicts=[item.verdict for item in items],
                reasons=[item.reason for item in items],
                parts=[item.part for item in items],
            )

    async def items(
        self, migration_id: UUID, after: UUID | None, verdict: str | None, limit: int
    ) -> list[MigrationItem]:
        rows = await self._work.fetch(
            QUERIES.list_moved, move_id=migration_id, after=after or OLDEST, verdict=verdict, limit=limit
        )
        return [
            MigrationItem(row["approval_id"], row["from_version"], row["verdict"], row["reason"], row["part"])
            for row in rows
        ]


class PostgresReplays:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, replay: Replay) -> None:
        self._work.write(
            QUERIES.insert_replay,
            replay_id=replay.id,
            process_key=replay.process_key,
            document=_document(replay.definition),
            subject=replay.subject.model_dump(mode="json"),
            wanted=replay.wanted,
            created_at=replay.created_at,
            created_by=replay.created_by,
        )

    async def find(self, replay_id: UUID) -> Replay | None:
        row = await self._work.fetchrow(QUERIES.find_replay, replay_id=replay_id)
        if row is None:
            return None
        return Replay(
            id=row["replay_id"],
            process_key=row["process_key"],
            definition=Definition.model_validate(row["document"]),
            subject=SubjectType.model_validate(row["subject"]),
            wanted=row["wanted"],
            done=row["done"],
            report=row["report"],
            created_at=row["created_at"],
            created_by=row["created_by"],
            ended_at=row["ended_at"],
        )

    async def save(
        self, replay_id: UUID, done: int, report: dict[str, Any], ended_at: datetime | None
    ) -> None:
        self._work.write(
            QUERIES.update_replay, replay_id=replay_id, done=done, report=report, ended_at=ended_at
        )


class PostgresDirectories:
    def __init__(self, work: UnitOfWork, store: Store) -> None:
        self._work = work
        self._tenant_id = work.tenant_id
        self._now = work.now
        self._store = store
        self._read_already: Directory | None = None

    async def read(self) -> Directory:
        """Return the tenant's directory. It is read again when its stamp has changed and once a day, since
        holidays and delegations begin and end."""
        if self._read_already is None:
            self._read_already = await self._newest()
        return self._read_already

    async def _newest(self) -> Directory:
        stamp = await self._work.fetchval(QUERIES.find_stamp)
        kept = self._store.directories.get(self._tenant_id)
        if stamp is not None and kept is not None and kept[0] == stamp and kept[1].date() == self._now.date():
            return kept[2]
        directory = await self._read()
        if stamp is not None:
            self._store.directories.put(self._tenant_id, (stamp, self._now, directory))
        return directory

    async def _read(self) -> Directory:
        fetch = self._work.fetch
        privileges = {role: privileges_of(role) for role in BUILT_IN_ROLES}
        for row in await fetch(QUERIES.list_roles):
            privileges[row["key"]] = frozenset(row["privileges"])
        tenant = await self._work.fetchrow(QUERIES.find_tenant)
        holdings = _Holdings(privileges)
        years = range(self._now.year - 1, self._now.year + 4)
        working_time, _ = await self.working_time()
        time_zone = tenant["time_zone"] if tenant else "Europe/Rome"
        calendar = working_time.calendar(time_zone, italian_holidays(years))
        return Directory(
            {
                row["person_id"]: _person(row, holdings, mails_links=self._store.mails_links)
                for row in await fetch(QUERIES.list_people)
            },
            {
                row["unit_id"]: Unit(row["unit_id"], row["key"], row["parent_id"], row["manager_id"])
                for row in await fetch(QUERIES.list_units)
            },
            tuple(_delegation(row) for row in await fetch(QUERIES.list_delegations_in_force, now=self._now)),
            frozenset(privileges),
            calendar,
        )

    async def find_person(self, person_id: UUID) -> KnownPerson | None:
        row = await self._work.fetchrow(QUERIES.find_person, person_id=person_id)
        if row is None:
            return None
        roles = frozenset(row["roles"])
        return KnownPerson(row["active"], roles, row["unit_id"], row["manager_id"], row["absent_until"])

    async def find_unit(self, unit_id: UUID) -> Unit | None:
        row = await self._work.fetchrow(QUERIES.find_unit, unit_id=unit_id)
        return Unit(row["unit_id"], row["key"], row["parent_id"], row["manager_id"]) if row else None

    async def put_tenant(self, language: str, time_zone: str) -> None:
        self._work.write(QUERIES.put_tenant, language=language, time_zone=time_zone)
        self._changed()

    async def put_person(self, person: dict[str, Any]) -> None:
        self._work.write(QUERIES.put_person, **person)
        self._changed()

    async def erase_person(self, person_id: UUID) -> None:
        self._work.write(QUERIES.put_erased, person_id=person_id)
        self._changed()

    async def put_successor(self, person_id: UUID, successor_id: UUID) -> None:
        self._work.write(QUERIES.update_successor, person_id=person_id, successor_id=successor_id)
        self._changed()

    async def put_unit(
        self, unit_id: UUID, key: str, name: str, parent_id: UUID | None, manager_id: UUID | None
    ) -> None:
        self._work.write(
            QUERIES.put_unit, unit_id=unit_id, key=key, name=name, parent_id=parent_id, manager_id=manager_id
        )
        self._changed()

    async def working_time(self) -> tuple[WorkingTime, int]:
        row = await self._work.fetchrow(QUERIES.find_calendar)
        return (_working_time(row["document"]), row["version"]) if row else (WorkingTime(), 0)

    async def put_working_time(
        self, working_time: WorkingTime, now: datetime, expected: int | None
    ) -> int | None:
        document = working_time.model_dump(mode="json", exclude_unset=True)
        version: int | None = await self._work.fetchval(
            QUERIES.put_calendar, document=document, now=now, expected=expected
        )
        self._changed()
        return version

    async def put_role(self, role_id: UUID, key: str, privileges: list[str]) -> None:
        self._work.write(QUERIES.put_role, role_id=role_id, key=key, privileges=privileges)
        self._changed()

    def _changed(self) -> None:
        self._read_already = None
        _change_stamp(self._work)


def _change_stamp(work: UnitOfWork) -> None:
    # A new id rather than a counter: the stamp of a transaction that is rolled back must never occur again.
    work.write(QUERIES.put_stamp, stamp=new_id())


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


def _told(events: tuple[Event, ...]) -> dict[str, list[Any]]:
    return {
        "event_times": [event.at for event in events],
        "events": [stored_event(event) for event in events],
    }


def _people_told(events: tuple[Event, ...]) -> set[UUID]:
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


def _document(definition: Definition) -> Any:
    return definition.model_dump(mode="json", exclude_unset=True)


def _working_time(document: dict[str, Any]) -> WorkingTime:
    """Read a stored working time. An unknown time zone is replaced by the tenant's own: earlier releases
    accepted every name that the machine knew."""
    known = document.get("time_zone") in TIME_ZONES
    return WorkingTime.model_validate(document if known else {**document, "time_zone": None})


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


def _listed(row: asyncpg.Record) -> Listed:
    """Read an approval for a list, without building the details of its steps."""
    return Listed(
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


class _Holdings(dict[tuple[str, ...], tuple[frozenset[str], bool]]):
    """A cache of sets of roles, each with whether one of them has the privilege to decide. Thousands of
    people hold the same roles."""

    def __init__(self, privileges: Mapping[str, frozenset[str]]) -> None:
        self._privileges = privileges

    def __missing__(self, roles: tuple[str, ...]) -> tuple[frozenset[str], bool]:
        decides = any(_DECIDES in self._privileges.get(role, ()) for role in roles)
        self[roles] = found = (frozenset(roles), decides)
        return found


def _person(row: asyncpg.Record, holdings: _Holdings, *, mails_links: bool) -> Person:
    # Unpack by position: looking up columns by name for ten thousand people takes longer than the rest.
    id_, name, email, external, roles, unit, manager, language, active, absent_until, successor = row
    stored, may_decide = holdings[tuple(roles)]
    by_link = external and mails_links
    return Person(
        id_,
        name,
        email,
        stored,
        unit,
        manager,
        active,
        may_decide,
        by_link,
        absent_until,
        language,
        successor,
    )


def _delegation(row: asyncpg.Record) -> Delegation:
    return Delegation(
        id=row["delegation_id"],
        from_person=row["from_person_id"],
        to_person=row["to_person_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        processes=frozenset(row["processes"]),
        up_to=row["up_to"],
    )


def _stored_delegation(row: asyncpg.Record) -> StoredDelegation:
    return StoredDelegation(
        _delegation(row), row["reason"], row["created_at"], row["created_by"], row["revoked_at"]
    )


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


def _migration(row: asyncpg.Record) -> Migration:
    return Migration(
        id=row["move_id"],
        process_key=row["process_key"],
        to_version=row["to_version"],
        state=row["state"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        version=row["version"],
        carried_out_by=row["carried_out_by"],
    )
