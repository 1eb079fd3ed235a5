"""Notices in PostgreSQL. Implements `application.ports.NoticeStore`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_kit.db import UnitOfWork
from optima_kit.pages import PageQuery

from ..application.ports import Addressee, FollowedBrief
from ..domain.notices import Notice, Preferences, Way
from .live import CHANNEL, Change
from .postgres import QUERIES


class PostgresNotices:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def preferences(self, people: Collection[UUID]) -> Mapping[UUID, Preferences]:
        rows = await self._work.fetch(QUERIES.list_preferences, people=list(people))
        return {
            row["person_id"]: Preferences(
                row["ways"], row["digest_at"], row["quiet_from"], row["quiet_until"]
            )
            for row in rows
        }

    def save_preferences(self, person_id: UUID, preferences: Preferences) -> None:
        self._work.write(
            QUERIES.save_preferences,
            person_id=person_id,
            ways=dict(preferences.ways),
            digest_at=preferences.digest_at,
            quiet_from=preferences.quiet_from,
            quiet_until=preferences.quiet_until,
        )

    def insert(self, notice: Notice, way: Way) -> None:
        self._work.write(
            QUERIES.insert_notice,
            id=notice.notice_id,
            person_id=notice.person_id,
            kind=notice.kind,
            what=notice.what,
            title=notice.title,
            detail=notice.detail,
            address=notice.address,
            happened_at=notice.happened_at,
            way=way,
        )

    def hint(self, person_id: UUID) -> None:
        change = Change(str(self._work.tenant_id), "notice", str(person_id), str(person_id))
        self._work.write(QUERIES.notify_change, channel=CHANNEL, change=change.text)

    async def list_unmailed(self, person_id: UUID, way: Way) -> Sequence[Notice]:
        return _notices(await self._work.fetch(QUERIES.list_unmailed, person_id=person_id, way=way))

    def mark_mailed(self, notices: Collection[UUID], now: datetime) -> None:
        self._work.write(QUERIES.update_mailed, ids=list(notices), now=now)

    def mark_read(self, person_id: UUID, what: str, address: str, now: datetime) -> None:
        self._work.write(QUERIES.update_told_read, person_id=person_id, what=what, address=address, now=now)

    async def find_addressee(self, person_id: UUID) -> Addressee | None:
        row = await self._work.fetchrow(QUERIES.find_addressee, person_id=person_id)
        return Addressee(row["person_id"], row["name"], row["email"], row["language"]) if row else None

    def save_addressee(self, addressee: Addressee, *, active: bool) -> None:
        self._work.write(
            QUERIES.save_addressee,
            person_id=addressee.person_id,
            name=addressee.name,
            email=addressee.email,
            language=addressee.language,
            active=active,
        )

    async def find_brief(self, brief_id: UUID) -> FollowedBrief | None:
        row = await self._work.fetchrow(QUERIES.find_brief, brief_id=brief_id)
        return FollowedBrief(row["requester_id"], row["title"]) if row else None

    def save_brief(self, brief_id: UUID, brief: FollowedBrief) -> None:
        self._work.write(
            QUERIES.save_brief, brief_id=brief_id, requester_id=brief.requester_id, title=brief.title
        )

    def erase(self, person_id: UUID) -> None:
        for statement in (
            QUERIES.delete_notices_of,
            QUERIES.delete_preferences_of,
            QUERIES.delete_addressee,
            QUERIES.delete_visits_of,
        ):
            self._work.write(statement, person_id=person_id)

    # Queries that only the pages use.

    async def list_notices(self, person_id: UUID, query: PageQuery) -> Sequence[Notice]:
        """List the person's notices, newest first."""
        before = query.after(UUID)
        return _notices(
            await self._work.fetch(QUERIES.list_notices, person_id=person_id, before=before, limit=query.rows)
        )

    async def count_unread(self, person_id: UUID) -> int:
        """Count the person's unread notices, up to a hundred."""
        return int(await self._work.fetchval(QUERIES.count_unread, person_id=person_id))

    async def read_notice(self, person_id: UUID, notice_id: UUID) -> str | None:
        """Mark a notice as read and return the address to which it leads, or None if it is not the
        person's."""
        address: str | None = await self._work.fetchval(
            QUERIES.update_read, id=notice_id, person_id=person_id, now=self._work.now
        )
        return address

    def read_all(self, person_id: UUID) -> None:
        self._work.write(QUERIES.update_all_read, person_id=person_id, now=self._work.now)


@dataclass(frozen=True, slots=True)
class PortalPorts:
    """The ports that reactions and jobs use within a unit of work."""

    work: UnitOfWork
    mails: bool = True

    @property
    def notices(self) -> PostgresNotices:
        return PostgresNotices(self.work)

    @property
    def jobs(self) -> Any:
        return self.work.jobs

    @property
    def now(self) -> datetime:
        return self.work.now


def _notices(rows: Sequence[Any]) -> list[Notice]:
    return [
        Notice(
            notice_id=row["id"],
            person_id=row["person_id"],
            kind=row["kind"],
            what=row["what"],
            title=row["title"],
            detail=row["detail"],
            address=row["address"],
            happened_at=row["happened_at"],
            read_at=row["read_at"],
        )
        for row in rows
    ]
