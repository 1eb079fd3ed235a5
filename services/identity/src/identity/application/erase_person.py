"""A person's texts were erased from the trail: the directory forgets who they were as well."""

from __future__ import annotations

from uuid import UUID

from ..domain.people import ERASED, tenant_keeps_an_active_admin
from .facts import tell_of_person
from .ports import Ports


async def erase_person(ports: Ports, person_id: UUID) -> None:
    """Takes their name, address, company and roles, and every way to sign in. Their id stays: what they did
    is known by it. Of whoever was erased already, or never was in the directory, there is nothing to take.
    Raises WrongState for the last active admin, without whom nobody could let anybody in."""
    await ports.tenants.lock()
    person = await ports.people.find(person_id)
    if person is None or person.name == ERASED:
        return
    erased = person.erased()
    tenant_keeps_an_active_admin(person, erased, await ports.people.count_other_active_admins(person.id))
    await ports.people.update(erased)
    await ports.people.delete_traces(person_id)
    tell_of_person(ports, erased)
