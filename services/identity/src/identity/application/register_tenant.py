"""The platform registers a tenant with its legal identity, the built-in roles and its first admin."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.ids import new_id

from ..domain.people import Person, normalised_email
from ..domain.roles import ADMIN, Role
from ..domain.tenants import Language, Legal, Tenant, slug_belongs_to_one_tenant
from .daily_maintenance import DAILY_MAINTENANCE, DailyMaintenance
from .facts import tell_of_person, tell_of_role, tell_of_tenant
from .issue_link import IssuedLink, issue_link
from .ports import Ports


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    name: str
    email: str


async def register_tenant(
    ports: Ports, *, slug: str, legal: Legal, language: Language, time_zone: str, admin: FirstAdmin
) -> IssuedLink:
    """Register the tenant whose id `ports` carry. Return the invitation of its first admin."""
    tenant = Tenant(ports.tenant_id, slug, legal, language, time_zone)
    slug_belongs_to_one_tenant(slug, added=await ports.tenants.insert(tenant))
    tell_of_tenant(ports, tenant)
    for key in BUILT_IN_ROLES:
        await _add_built_in_role(ports, key)
    ports.jobs.schedule(DAILY_MAINTENANCE, DailyMaintenance(), key="daily", due_at=ports.now)
    person = Person(
        new_id(),
        admin.name,
        normalised_email(admin.email),
        kind="internal",
        company=None,
        roles=(ADMIN,),
        unit_id=None,
        manager_id=None,
        language=language,
    )
    await ports.people.insert(person)
    tell_of_person(ports, person)
    return await issue_link(ports, person, "invitation")


async def _add_built_in_role(ports: Ports, key: str) -> UUID:
    role = Role(new_id(), key, key.capitalize(), privileges_of(key), built_in=True)
    await ports.roles.insert(role)
    tell_of_role(ports, role)
    return role.id
