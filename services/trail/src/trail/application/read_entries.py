"""Look up who did what, when."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain.chain import SealedEntry
from ..domain.competence import Sight
from .ports import Ports, Selection


def sight_of(actor: Actor) -> Sight:
    """How far the actor's privileges let them see."""
    return sight_with(actor.person_id, actor.privileges)


def sight_with(person_id: UUID, privileges: frozenset[str]) -> Sight:
    """How far somebody with these privileges sees."""
    economics = "job.economics.read" in privileges
    return Sight(
        person_id=person_id,
        everything="trail.read_all" in privileges,
        brief_prices=economics or "brief.price.read" in privileges,
        economics=economics,
    )


async def read_entries(ports: Ports, actor: Actor, selection: Selection) -> list[SealedEntry]:
    """The entries of the actor's competence that match, oldest first.

    What the actor may not see is left out as if it were not there: a brief or person unknown to them
    gives an empty list.
    """
    return await ports.trail.entries(selection, sight_of(actor))
