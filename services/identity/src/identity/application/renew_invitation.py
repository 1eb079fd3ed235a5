"""Issue an invitation again that was lost, has expired or was withdrawn. The earlier one stops working."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import WrongState

from .access import person_to_manage
from .facts import tell_of_person
from .issue_link import IssuedLink, issue_link
from .ports import Ports


async def renew_invitation(ports: Ports, actor: Actor, person_id: UUID) -> IssuedLink:
    person = await person_to_manage(ports, actor, person_id)
    if person.joined_at is not None:
        raise WrongState("email_already_member", email=person.email)
    if person.suspended:
        person = person.invited_again()
        await ports.people.update(person)
        tell_of_person(ports, person)
    return await issue_link(ports, person, "invitation")
