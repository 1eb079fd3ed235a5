"""Change a person's details. Fields that the command does not name stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from optima_kit.actor import Actor

from ..domain.people import (
    Person,
    external_people_belong_to_a_company,
    only_people_who_joined_are_activated,
    tenant_keeps_an_active_admin,
)
from ..domain.roles import nobody_grants_more_than_they_hold, privileges_of
from ..domain.tenants import Language
from .access import person_to_manage
from .facts import tell_of_person
from .places import manager_named, roles_named, unit_named
from .ports import Ports
from .versions import still_at


class PersonChanges(TypedDict, total=False):
    name: str
    company: str | None
    roles: Sequence[str]
    unit: str | None
    manager_id: UUID | None
    language: Language
    active: bool
    absent_until: datetime | None


async def revise_person(
    ports: Ports, actor: Actor, person_id: UUID, expected_version: int | None, changes: PersonChanges
) -> Person:
    person = await person_to_manage(ports, actor, person_id)
    still_at(person.version, expected_version)
    if "active" in changes:
        only_people_who_joined_are_activated(person)
    changed = await _changed(ports, actor, person, changes)
    others = await ports.people.count_other_active_admins(person.id)
    tenant_keeps_an_active_admin(person, changed, others)
    await ports.people.update(changed)
    if not changed.active:
        await ports.sessions.revoke_all(person.id, ports.now)
    tell_of_person(ports, changed)
    return changed


async def _changed(ports: Ports, actor: Actor, person: Person, changes: PersonChanges) -> Person:
    company = changes.get("company", person.company)
    external_people_belong_to_a_company(person.kind, company)
    role_keys = person.roles
    if "roles" in changes:
        roles = await roles_named(ports, changes["roles"], person.kind)
        nobody_grants_more_than_they_hold(privileges_of(roles), actor.privileges, field="roles")
        role_keys = tuple(role.key for role in roles)
    unit_id = await unit_named(ports, changes["unit"]) if "unit" in changes else person.unit_id
    manager_id = person.manager_id
    if "manager_id" in changes:
        manager_id = await manager_named(ports, changes["manager_id"], of=person.id)
    return person.changed(
        name=changes.get("name", person.name),
        company=company,
        roles=role_keys,
        unit_id=unit_id,
        manager_id=manager_id,
        language=changes.get("language", person.language),
        suspended=not changes.get("active", not person.suspended),
        absent_until=changes.get("absent_until", person.absent_until),
    )
