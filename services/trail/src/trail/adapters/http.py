"""The endpoint that reads the trail."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from optima_kit.http import Call, Moment, Page, PageQuery, Query, Routes

from ..application.ports import Ports, Selection
from ..application.read.entries import EntryView
from ..application.read.entries import list_entries as read_entries

routes = Routes()

EventType = Annotated[str, Field(pattern=r"^optima(\.[a-z_0-9.]{0,80})?$")]
"""A prefix of an event's type, such as `optima.approval.`."""

EventTypes = Annotated[
    tuple[EventType, ...],
    Field(max_length=20),
    BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
]
"""One or several prefixes of event types. An empty list means all types."""


class EntryFilter(Query):
    """A filter of the entries that the caller may see."""

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


@routes.get("/v1/entries", privilege="trail.read")
async def list_entries(call: Call[Ports], query: EntryQuery) -> Page[EntryView]:
    """List the entries of the trail that the caller may see, newest first"""
    return await read_entries(call.ports, call.actor, query, query.selection())
