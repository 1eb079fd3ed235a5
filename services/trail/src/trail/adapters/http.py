"""The endpoint that reads the trail."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from optima_kit.http import Call, Moment, Page, PageQuery, Query, Routes, View, page_of

from ..application.ports import Ports, Selection
from ..application.read_entries import read_entries
from ..domain.chain import SealedEntry

routes = Routes()

EventType = Annotated[str, Field(pattern=r"^optima(\.[a-z_0-9.]{0,80})?$")]
"""How an event's type begins, such as `optima.approval.`."""

EventTypes = Annotated[
    tuple[EventType, ...],
    Field(max_length=20),
    BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
]
"""One or several; none: all."""


class EntryFilter(Query):
    """Which entries of one's competence."""

    brief: UUID | None = None
    """Only what happened in the story of this brief."""
    person: UUID | None = None
    """Only what this person did, or what was done on their behalf."""
    type: EventTypes = ()
    occurred_from: Moment | None = None
    occurred_before: Moment | None = None

    def selection(self) -> Selection:
        return Selection(
            brief_id=self.brief,
            person_id=self.person,
            types=self.type,
            occurred_from=self.occurred_from,
            occurred_before=self.occurred_before,
        )


class EntryQuery(EntryFilter, PageQuery):
    pass


class EntryView(View):
    event_id: UUID
    type: str
    subject: UUID
    correlation_id: UUID
    """The brief, or whatever began the story."""
    actor_id: UUID | None
    on_behalf_of: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    number: int | None = None
    """Only for who may read the whole trail: numbers would tell others how much they do not see."""
    hash: str | None = None


@routes.get("/v1/entries", privilege="trail.read")
async def list_entries(call: Call[Ports], query: EntryQuery) -> Page[EntryView]:
    """Who did what, when: the entries of one's competence, oldest first."""
    selection = replace(query.selection(), after=query.after(UUID), limit=query.rows)
    found = await read_entries(call.ports, call.actor, selection)
    whole = call.actor.may("trail.read_all")
    return page_of(
        query,
        found,
        lambda each: _view(each, whole=whole),
        lambda each: each.entry.occurrence.event_id,
    )


def _view(sealed: SealedEntry, *, whole: bool) -> EntryView:
    entry, o = sealed.entry, sealed.entry.occurrence
    place: dict[str, Any] = {"number": entry.number, "hash": sealed.hash} if whole else {}
    return EntryView(
        event_id=o.event_id,
        type=o.type,
        subject=o.subject,
        correlation_id=o.correlation_id,
        actor_id=o.actor_id,
        on_behalf_of=o.on_behalf_of,
        occurred_at=o.occurred_at,
        recorded_at=entry.recorded_at,
        data=json.loads(o.data),
        **place,
    )
