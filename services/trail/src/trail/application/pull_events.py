"""Gives the tenant's events in the order of the trail to consumers that do not use AMQP."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid

from ..domain.chain import SealedEntry
from .ports import Ports, Selection
from .read.access import read_scope_of


async def pull_events(
    ports: Ports,
    actor: Actor,
    *,
    after: UUID | None,
    types: tuple[str, ...],
    correlation_id: UUID | None,
    limit: int,
) -> list[SealedEntry]:
    """Return at most `limit` events that follow the event `after`, or the first ones if it is None.

    No event is ever lost between two pulls: entries become visible in the order of their numbers, and the
    actor must be able to read the whole trail, so that no older entry becomes visible later. Raises Forbidden
    otherwise, and Invalid if `after` is not in the trail. Types with prices need their privilege.
    """
    actor.require("trail.read_all")
    if after is not None and await ports.trail.number_of(after) is None:
        raise Invalid("event_absent", field="after")
    selection = Selection(after=after, types=types, brief_id=correlation_id, limit=limit)
    return await ports.trail.entries(selection, read_scope_of(actor))
