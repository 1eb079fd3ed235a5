"""Look up who did what, when, and show it as far as the reader may see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView, View
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.chain import SealedEntry
from ..ports import Ports, Selection
from .access import read_scope_of


class EntryView(View):
    id: UUID
    """The event's, as in the feed."""
    type: str
    subject_id: UUID
    correlation_id: UUID
    """The brief, or whatever began the story."""
    actor: PersonView | None
    on_behalf_of: PersonView | None
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    number: int | None = None
    """Only for who may read the whole trail: numbers would tell others how much they do not see."""
    hash: str | None = None


async def list_entries(ports: Ports, actor: Actor, query: PageQuery, selection: Selection) -> Page[EntryView]:
    """Newest first. What the actor may not see is left out as if it were not there: a brief or person unknown
    to them gives an empty list."""
    selection = replace(selection, before=query.after(UUID), newest_first=True, limit=query.rows)
    found = await ports.trail.entries(selection, read_scope_of(actor))
    names = await names_in(ports, found[: query.limit])
    whole = actor.may("trail.read_all")
    return page_of(
        query,
        found,
        lambda each: _view(each, names, whole=whole),
        lambda each: each.entry.occurrence.event_id,
    )


async def names_in(ports: Ports, entries: Iterable[SealedEntry]) -> Mapping[UUID, str]:
    """Of those who acted, or on whose behalf, as far as the directory told of them. The erased have none."""
    facts = [each.entry.occurrence for each in entries]
    people = {id_ for fact in facts for id_ in (fact.actor_id, fact.on_behalf_of) if id_ is not None}
    return await ports.trail.names(sorted(people)) if people else {}


def _view(sealed: SealedEntry, names: Mapping[UUID, str], *, whole: bool) -> EntryView:
    entry, fact = sealed.entry, sealed.entry.occurrence
    place: dict[str, Any] = {"number": entry.number, "hash": sealed.hash} if whole else {}
    return EntryView(
        id=fact.event_id,
        type=fact.type,
        subject_id=fact.subject,
        correlation_id=fact.correlation_id,
        actor=PersonView.of(fact.actor_id, names),
        on_behalf_of=PersonView.of(fact.on_behalf_of, names),
        occurred_at=fact.occurred_at,
        recorded_at=entry.recorded_at,
        data=json.loads(fact.data),
        **place,
    )
