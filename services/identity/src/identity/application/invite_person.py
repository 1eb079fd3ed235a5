"""Invite a person. Until they accept, they are listed, but they can do nothing and can be given nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.people import (
    Kind,
    Person,
    email_belongs_to_one_person,
    external_people_belong_to_a_company,
    normalised_email,
)
from ..domain.roles import nobody_grants_more_than_they_hold, privileges_of
from ..domain.tenants import Language
from .facts import tell_of_person
from .issue_link import IssuedLink, issue_link
from .places import manager_named, roles_named, unit_named
from .ports import Ports


@dataclass(frozen=True, slots=True)
class Invitation:
    name: str
    email: str
    kind: Kind
    roles: Sequence[str]
    company: str | None = None
    unit: str | None = None
    manager_id: UUID | None = None
    language: Language | None = None
    """The person's language. If None, it is the tenant's language."""


async def invite_person(ports: Ports, actor: Actor, invitation: Invitation) -> IssuedLink:
    tenant = await ports.tenants.lock()
    email = normalised_email(invitation.email)
    email_belongs_to_one_person(email, await ports.people.find_by_email(email))
    external_people_belong_to_a_company(invitation.kind, invitation.company)
    roles = await roles_named(ports, invitation.roles, invitation.kind)
    nobody_grants_more_than_they_hold(privileges_of(roles), actor.privileges, field="roles")
    person = Person(
        new_id(),
        invitation.name,
        email,
        kind=invitation.kind,
        company=invitation.company,
        roles=tuple(role.key for role in roles),
        unit_id=await unit_named(ports, invitation.unit),
        manager_id=await manager_named(ports, invitation.manager_id),
        language=invitation.language or tenant.language,
    )
    await ports.people.insert(person)
    tell_of_person(ports, person)
    return await issue_link(ports, person, "invitation")
