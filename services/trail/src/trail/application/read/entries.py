"""Look up who did what, when, and show it as far as the reader may see."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import View
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.chain import SealedEntry
from ..ports import Ports, Selection
from .access import read_scope_of


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


async def show_entries(ports: Ports, actor: Actor, query: PageQuery, selection: Selection) -> Page[EntryView]:
    """Oldest first. What the actor may not see is left out as if it were not there: a brief or person unknown
    to them gives an empty list."""
    selection = replace(selection, after=query.after(UUID), limit=query.rows)
    found = await ports.trail.entries(selection, read_scope_of(actor))
    whole = actor.may("trail.read_all")
    return page_of(
        query, found, lambda each: _view(each, whole=whole), lambda each: each.entry.occurrence.event_id
    )


def _view(sealed: SealedEntry, *, whole: bool) -> EntryView:
    entry, fact = sealed.entry, sealed.entry.occurrence
    place: dict[str, Any] = {"number": entry.number, "hash": sealed.hash} if whole else {}
    return EntryView(
        event_id=fact.event_id,
        type=fact.type,
        subject=fact.subject,
        correlation_id=fact.correlation_id,
        actor_id=fact.actor_id,
        on_behalf_of=fact.on_behalf_of,
        occurred_at=fact.occurred_at,
        recorded_at=entry.recorded_at,
        data=json.loads(fact.data),
        **place,
    )
