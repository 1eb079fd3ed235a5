"""Notify people about what concerns them: on their pages, and by mail as they prefer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from optima_kit.ids import new_id

from ..domain.notices import Kind, Notice, Preferences, Way
from .ports import NoticePorts

MAIL_NOTICES: Final = "portal.mail_notices"
ROME: Final = ZoneInfo("Europe/Rome")


class MailNotices(BaseModel):
    """A job that sends a person one mail with all notices that they have not seen yet."""

    person_id: UUID
    way: Way


async def tell_people(
    ports: NoticePorts, people: Collection[UUID], kind: Kind, what: str, title: str, detail: str, address: str
) -> None:
    """Store a notice for each person and schedule its mail. Notices that come before a scheduled mail is sent
    go with it, so that a hundred notices of one night become one mail."""
    if not people:
        return  # most events concern nobody else, so they don't cost a query
    chosen = await ports.notices.preferences(people)
    for person_id in people:
        preferences = chosen.get(person_id, Preferences())
        way = preferences.way(kind) if ports.mails else "page"
        notice = Notice(new_id(), person_id, kind, what, title, detail, address, ports.now)
        ports.notices.insert(notice, way)
        ports.notices.hint(person_id)
        leaves_at = preferences.leaves_at(way, ports.now, ROME)
        if leaves_at is not None:
            payload = MailNotices(person_id=person_id, way=way)
            # A later mail has its time in its key, so that a notice that comes just then can't postpone it.
            later = f":{leaves_at:%Y%m%d%H%M}" if leaves_at > ports.now else ""
            ports.jobs.schedule(MAIL_NOTICES, payload, key=f"{person_id}:{way}{later}", due_at=leaves_at)
