"""An invitation is taken back before it was accepted. Whoever was invited stays listed for another one."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.people import Person, only_pending_invitations_are_withdrawn
from ..domain.roles import nobody_grants_more_than_they_hold, privileges_of
from .facts import tell_of_person
from .ports import Ports


async def withdraw_invitation(ports: Ports, actor: Actor, person_id: UUID) -> Person:
    """Its link stops working, and a sign-in at the tenant's provider accepts nothing any more."""
    await ports.tenants.lock()
    person = await ports.people.find(person_id)
    if person is None:
        raise Absent("person_not_found")
    roles = await ports.roles.list_by_keys(person.roles)
    nobody_grants_more_than_they_hold(privileges_of(roles), actor.privileges)
    only_pending_invitations_are_withdrawn(person)
    withdrawn = person.suspended_now()
    await ports.people.update(withdrawn)
    await ports.links.delete_unused(person.id, "invitation")
    tell_of_person(ports, withdrawn)
    return withdrawn
