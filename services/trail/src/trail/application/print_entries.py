"""Selects entries of the trail for a printout, which is meant for reading, not for verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid

from ..domain.anchors import Anchor
from ..domain.chain import Head, SealedEntry
from .ports import Ports, Selection, Tenant
from .read.access import read_scope_of
from .read.entries import names_in

MOST_PRINTED = 1_000
"""The most entries on one printout: about a hundred pages, which take a quarter of a gigabyte to typeset."""


@dataclass(frozen=True, slots=True)
class Printout:
    """The content of a printout."""

    selection: Selection
    entries: Sequence[SealedEntry]
    names: Mapping[UUID, str]
    """The names of the people who acted, or on whose behalf somebody acted, if the directory knows them."""
    tenant: Tenant
    printed_by: str
    printed_at: datetime
    head: Head
    anchor: Anchor | None
    """The newest anchor."""


async def print_entries(ports: Ports, actor: Actor, selection: Selection) -> Printout:
    """Return the selected entries, oldest first, with the head and the newest anchor of the trail at this
    moment.

    Raises Forbidden if the actor may not read the whole trail, and Invalid if there are more entries than fit
    on a printout. Types with prices are left out if the actor may not see them.
    """
    actor.require("trail.read_all")
    entries = await ports.trail.entries(replace(selection, limit=MOST_PRINTED + 1), read_scope_of(actor))
    if len(entries) > MOST_PRINTED:
        raise Invalid("printout_too_large", field="occurred_before", most=MOST_PRINTED)
    return Printout(
        selection=selection,
        entries=entries,
        names=await names_in(ports, entries),
        tenant=await ports.trail.tenant(),
        printed_by=actor.name,
        printed_at=ports.now,
        head=await ports.trail.head(),
        anchor=await ports.anchors.find_newest(),
    )
