"""Erase a person from the directory after their texts were erased from the trail."""

from __future__ import annotations

from uuid import UUID

from ..domain.people import ERASED, tenant_keeps_an_active_admin
from .facts import tell_of_person
from .ports import Ports


async def erase_person(ports: Ports, person_id: UUID) -> None:
    """Remove the person's name, e-mail address, company, roles, and every way to sign in. Their id stays,
    because what they did refers to it. Nothing happens if the person was erased already or is not in the
    directory. Raises WrongState for the last active admin, without whom nobody could invite anybody."""
    await ports.tenants.lock()
    person = await ports.people.find(person_id)
    if person is None or person.name == ERASED:
        return
    erased = person.erased()
    tenant_keeps_an_active_admin(person, erased, await ports.people.count_other_active_admins(person.id))
    await ports.people.update(erased)
    await ports.people.delete_traces(person_id)
    tell_of_person(ports, erased)
