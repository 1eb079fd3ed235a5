"""Put part of the trail on paper: for whoever reads it, not for verification."""

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
"""Entries on one printout: about a hundred pages, typeset in a quarter of a gigabyte."""


@dataclass(frozen=True, slots=True)
class Printout:
    """What stands on the paper."""

    selection: Selection
    entries: Sequence[SealedEntry]
    names: Mapping[UUID, str]
    """Of those who acted, or on whose behalf, as far as the directory told of them."""
    tenant: Tenant
    printed_by: str
    printed_at: datetime
    head: Head
    anchor: Anchor | None
    """The newest."""


async def print_entries(ports: Ports, actor: Actor, selection: Selection) -> Printout:
    """The entries asked for, oldest first, with what shows where the trail stood at that moment.

    Raises Forbidden for who may not read the whole trail, and Invalid for more entries than fit a printout.
    Types with prices are left out for who may not see them.
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
