"""Look up who did what, when."""

from __future__ import annotations

from optima_kit.actor import Actor

from ..domain.chain import SealedEntry
from ..domain.competence import Sight
from .ports import Ports, Selection


def sight_of(actor: Actor) -> Sight:
    """How far the actor's privileges let them see."""
    economics = actor.may("job.economics.read")
    return Sight(
        person_id=actor.person_id,
        everything=actor.may("trail.read_all"),
        brief_prices=economics or actor.may("brief.price.read"),
        economics=economics,
    )


async def read_entries(ports: Ports, actor: Actor, selection: Selection) -> list[SealedEntry]:
    """The entries of the actor's competence that match, oldest first.

    What the actor may not see is left out as if it were not there: a brief or person unknown to them
    gives an empty list.
    """
    return await ports.trail.entries(selection, sight_of(actor))
