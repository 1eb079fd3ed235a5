"""Looks up who did what and when, and shows what the reader may see of it."""

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
    """The id of the event, as in the feed."""
    type: str
    subject_id: UUID
    correlation_id: UUID
    """The id of the brief, or of whatever began the story."""
    actor: PersonView | None
    on_behalf_of: PersonView | None
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    number: int | None = None
    """Only for readers of the whole trail. To others, numbers would reveal how much they do not see."""
    hash: str | None = None


async def list_entries(ports: Ports, actor: Actor, query: PageQuery, selection: Selection) -> Page[EntryView]:
    """List entries, newest first. Entries that the actor may not see are left out as if they did not exist. A
    filter by a brief or person whom the actor may not see gives an empty list."""
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
    """Return the names of the people who acted, or on whose behalf somebody acted, if the directory knows
    them. People who were erased have no name."""
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
