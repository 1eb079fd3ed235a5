"""How far somebody's privileges let them see of the trail."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ...domain.competence import ReadScope


def read_scope_of(actor: Actor) -> ReadScope:
    """How far the actor's privileges let them see."""
    return read_scope_with(actor.person_id, actor.privileges)


def read_scope_with(person_id: UUID, privileges: frozenset[str]) -> ReadScope:
    """How far somebody with these privileges sees."""
    economics = "job.economics.read" in privileges
    return ReadScope(
        person_id=person_id,
        everything="trail.read_all" in privileges,
        brief_prices=economics or "brief.price.read" in privileges,
        economics=economics,
    )
