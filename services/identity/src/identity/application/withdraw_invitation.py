"""Withdraw an invitation before it is accepted. The person stays listed, so that they can be invited
again."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain.people import Person, only_pending_invitations_are_withdrawn
from .access import person_to_manage
from .facts import tell_of_person
from .ports import Ports


async def withdraw_invitation(ports: Ports, actor: Actor, person_id: UUID) -> Person:
    """Withdraw the invitation. Its link stops working, and signing in at the tenant's provider no longer
    accepts it."""
    person = await person_to_manage(ports, actor, person_id)
    only_pending_invitations_are_withdrawn(person)
    withdrawn = person.suspended_now()
    await ports.people.update(withdrawn)
    await ports.links.delete_unused(person.id, "invitation")
    tell_of_person(ports, withdrawn)
    return withdrawn
