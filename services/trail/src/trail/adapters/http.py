"""The trail's endpoints."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from optima_kit.http import Call, Content, Page, PageQuery, Query, Routes, View, decode_cursor, encode_cursor

from ..application.export_entries import export_entries
from ..application.ports import Ports, Selection
from ..application.read_entries import read_entries
from ..application.verify_chain import verify_chain
from ..domain.chain import SealedEntry

routes = Routes()

MOST_EXPORTED = 20_000
"""Entries in one export: some tens of megabytes at most."""


EventType = Annotated[str, Field(pattern=r"^optima(\.[a-z_0-9.]{0,80})?$")]
"""How an event's type begins, such as `optima.approval.`."""


class EntryQuery(PageQuery):
    brief: UUID | None = None
    """Only what happened in the story of this brief."""
    person: UUID | None = None
    """Only what this person did, or what was done on their behalf."""
    type: EventType | None = None
    occurred_from: AwareDatetime | None = None
    occurred_before: AwareDatetime | None = None


class ExportQuery(Query):
    format: Literal["jsonl", "csv"] = "jsonl"
    after: Annotated[int, Field(ge=0, le=2**62)] = 0
    """The number of the last entry that one has already."""
    limit: Annotated[int, Field(ge=1, le=MOST_EXPORTED)] = MOST_EXPORTED


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


class VerificationView(View):
    intact: bool
    entries: int
    """How many were checked and hold."""
    head: str
    """The hash of the last entry that holds: note it elsewhere, and later exports can be held against it."""
    broken_entry: int | None = None
    reason: Literal["altered", "missing", "out_of_order"] | None = None


@routes.get("/v1/entries", privilege="trail.read")
async def list_entries(call: Call[Ports], query: EntryQuery) -> Page[EntryView]:
    """Who did what, when: the entries of one's competence, oldest first."""
    after = decode_cursor(query.cursor, UUID)
    selection = Selection(
        brief_id=query.brief,
        person_id=query.person,
        type_prefix=query.type,
        occurred_from=query.occurred_from,
        occurred_before=query.occurred_before,
        after=after[0] if after else None,
        limit=query.limit + 1,
    )
    found = await read_entries(call.ports, call.actor, selection)
    shown = found[: query.limit]
    more = encode_cursor(shown[-1].entry.occurrence.event_id) if len(found) > len(shown) else None
    whole = call.actor.may("trail.read_all")
    return Page(items=[_view(each, whole=whole) for each in shown], next_cursor=more)


@routes.get("/v1/verification", privilege="trail.read_all")
async def verification(call: Call[Ports]) -> VerificationView:
    """Recompute the tenant's hash chain and name the first entry that does not hold."""
    outcome = await verify_chain(call.ports)
    view = VerificationView(intact=outcome.broken is None, entries=outcome.checked, head=outcome.head.hash)
    if outcome.broken is not None:
        return view.model_copy(
            update={"broken_entry": outcome.broken.number, "reason": outcome.broken.reason}
        )
    return view


@routes.get("/v1/exports", privilege="trail.export")
async def export(call: Call[Ports], query: ExportQuery) -> Content:
    """The trail as a file: JSON lines, verifiable offline, or CSV.

    Ask again `after` the last number for more.
    """
    data = await export_entries(
        call.ports, call.actor, form=query.format, after=query.after, limit=query.limit
    )
    media_type = "application/x-ndjson" if query.format == "jsonl" else "text/csv"
    return Content(data, media_type, filename=f"trail-{query.after + 1}.{query.format}")


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
