"""An invitation that was lost, has expired or was withdrawn is issued anew; an earlier one stops working."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, WrongState

from ..domain.roles import nobody_grants_more_than_they_hold, privileges_of
from .facts import tell_of_person
from .issue_link import IssuedLink, issue_link
from .ports import Ports


async def renew_invitation(ports: Ports, actor: Actor, person_id: UUID) -> IssuedLink:
    await ports.tenants.lock()
    person = await ports.people.find(person_id)
    if person is None:
        raise Absent("person_not_found")
    if person.joined_at is not None:
        raise WrongState("email_already_member", email=person.email)
    roles = await ports.roles.list_by_keys(person.roles)
    nobody_grants_more_than_they_hold(privileges_of(roles), actor.privileges)
    if person.suspended:
        person = person.invited_again()
        await ports.people.update(person)
        tell_of_person(ports, person)
    return await issue_link(ports, person.id, "invitation")
