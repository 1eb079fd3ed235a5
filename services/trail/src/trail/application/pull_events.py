"""The events of the tenant in the order of the trail, for consumers that don't speak AMQP."""

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
    """At most `limit` events that follow `after`, or the first ones.

    Nothing is ever lost between two pulls: entries become visible in the order of their numbers, and who
    pulls may read the whole trail (Forbidden otherwise), so that nothing older comes into scope later.
    Types with prices need their privilege. Raises Invalid when `after` is not in the trail.
    """
    actor.require("trail.read_all")
    if after is not None and await ports.trail.number_of(after) is None:
        raise Invalid("event_absent", field="after")
    selection = Selection(after=after, types=types, brief_id=correlation_id, limit=limit)
    return await ports.trail.entries(selection, read_scope_of(actor))
