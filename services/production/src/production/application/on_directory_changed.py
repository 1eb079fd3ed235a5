"""The own copy of the directory: who may be given phases."""

from __future__ import annotations

from optima_contracts.identity import PersonChanged, RoleChanged

from ..domain.people import Person
from .ports import Ports


async def on_person_changed(ports: Ports, event: PersonChanged) -> None:
    """The newest state replaces the one before."""
    ports.directory.save_person(
        Person(id=event.person_id, name=event.name, active=event.active, roles=frozenset(event.roles))
    )


async def on_role_changed(ports: Ports, event: RoleChanged) -> None:
    """The newest state replaces the one before."""
    ports.directory.save_role(event.role_id, event.key, event.privileges)
